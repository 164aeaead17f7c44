import { readingKey, signals, type Reading, type Signal } from '../../conditions/reading.js';
import { displayText, formatBytes, formatDuration } from '../../conditions/words.js';
import { saidOnce } from './said-once.js';
import { foldedTable } from './table.js';

const TEXT_CHARS_MAX = 160;

/** One line of `lull sensors`: the same for people and for programs. */
export interface SensorLine {
  readonly signal: Signal;
  readonly instance: string;
  /** Absent: unknown. */
  readonly value?: string | number | boolean;
  readonly unit: string;
  readonly ageMs: number;
  readonly source: string;
  /** For unknown: what is missing, and what to install or permit. */
  readonly why?: string;
}

/** Every signal there is, in the order of the table of signals; those that nobody reports too. */
export function sensorLines(readings: readonly Reading[], nowMs: number): SensorLine[] {
  return (Object.keys(signals) as Signal[]).flatMap((signal): SensorLine[] => {
    const told = readings.filter((reading) => reading.signal === signal);
    if (told.length > 0) return told.map((reading) => lineOf(reading, nowMs));
    const why = signal === 'app.running' ? 'no program is asked about; see --app' : 'not reported';
    return [{ signal, instance: '', unit: '', ageMs: 0, source: '', why }];
  });
}

/** @param columns of the terminal: what is longer goes on below itself. Infinity: nothing is. */
export function showSensors(
  lines: readonly SensorLine[],
  nowMs: number,
  columns = Infinity,
): string {
  const nameOf = ({ signal, instance }: SensorLine): string =>
    readingKey(signal, displayText(instance, TEXT_CHARS_MAX));
  const whys = saidOnce(lines.map((line) => ({ name: nameOf(line), why: line.why })));
  return foldedTable(
    lines.map((line, index) => [
      nameOf(line),
      line.why === undefined ? valueText(line, nowMs) : 'unknown',
      line.source === '' ? '' : formatDuration(line.ageMs),
      displayText(whys[index] ?? line.source, TEXT_CHARS_MAX * (line.why === undefined ? 1 : 2)),
    ]),
    columns,
  );
}

function lineOf(reading: Reading, nowMs: number): SensorLine {
  const { signal, instance, source, observedAtMs, value } = reading;
  const { unit } = signals[signal];
  const line = { signal, instance, unit, source, ageMs: Math.max(0, nowMs - observedAtMs) };
  switch (value.kind) {
    case 'unknown':
      return { ...line, why: value.why };
    case 'flag':
      return { ...line, value: value.flag };
    case 'number':
      return { ...line, value: value.number };
    case 'word':
      return { ...line, value: value.word };
    case 'presence':
      return value.presence.kind === 'engaged'
        ? { ...line, value: 'engaged' }
        : { ...line, value: `away since ${new Date(value.presence.sinceMs).toISOString()}` };
  }
}

function valueText({ signal, value, unit }: Omit<SensorLine, 'why'>, nowMs: number): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') {
    if (signal !== 'presence' || value === undefined || value === 'engaged') return value ?? '';
    const sinceMs = Date.parse(value.replace('away since ', ''));
    return `away ${formatDuration(Math.max(0, nowMs - sinceMs))}`;
  }
  switch (unit) {
    case '%':
      return `${value.toFixed(value < 10 ? 1 : 0)} %`;
    case 'B':
      return formatBytes(value);
    case 'B/s':
      return `${formatBytes(value)}/s`;
    case 'ms':
      return `${formatDuration(Math.max(0, nowMs - value))} ago`;
    default:
      return String(value);
  }
}
