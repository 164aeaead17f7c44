// Traces: what a machine's sensors said over time, to be played again. See docs/traces.md.
//
//   lull-trace 1 2026-03-02T08:30
//   at_s,signal,value
//   0,presence,engaged
//   75.2,presence,away 240
//
// Invariants:
//   X1. A trace holds no title, name, address or path of a person: signals and numbers only.
//   X2. Its instants count from its start, so that it can be played at any time. What the clock on the
//       wall showed then stands in its head alone, for windows and rhythms.

import {
  signalNamed,
  signals,
  thermalWords,
  type Presence,
  type Reading,
  type Signal,
  type Value,
} from './reading.js';

const NAME = 'lull-trace 1';
const COLUMNS = 'at_s,signal,value';
/** The head of a trace that does not say when it began. */
export const TRACE_HEAD = `${NAME}\n${COLUMNS}\n`;
export const TRACE_ROWS_MAX = 2_000_000;
export const TRACE_BYTES_MAX = 128 * 1024 * 1024;

export interface TraceEvent {
  /** Since the start of the trace. */
  readonly atMs: number;
  readonly signal: Signal;
  readonly instance: string;
  /** Instants in it count from the start of the trace, too. */
  readonly value: Value;
}

export type ParsedTrace =
  | {
      readonly kind: 'trace';
      readonly events: readonly TraceEvent[];
      /** What the clock on the wall showed at its start, as if it were UTC; absent: it does not say. */
      readonly wallStartMs?: number;
    }
  | { readonly kind: 'broken'; readonly why: string };

/** The head of a trace that begins at `startMs` and is taken in a zone so far from UTC. */
export function traceHead(startMs: number, utcOffsetMs: number): string {
  const wall = new Date(startMs + utcOffsetMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);
  return `${NAME} ${wall}\n${COLUMNS}\n`;
}

/** Whether a text with this first line is a trace. */
export function isTraceHead(line: string): boolean {
  return line === NAME || line.startsWith(`${NAME} `);
}

/** Instances that name nobody's things; readings of others are left out (X1). */
const plain = /^(?:disk\.free:\/|lock\.held:[a-z]{1,16})$/;

/** The row of a reading; undefined for one that does not belong in a trace. */
export function traceRow(reading: Reading, startMs: number): string | undefined {
  const { signal, instance, value } = reading;
  const name = instance === '' ? signal : `${signal}:${instance}`;
  if (instance !== '' && !plain.test(name)) return undefined;
  const atMs = Math.max(0, reading.observedAtMs - startMs);
  return `${seconds(atMs)},${name},${valueText(signal, value, startMs, atMs)}\n`;
}

/** Parses a whole trace. A last row without its end is one that was cut short, and is left out. */
export function parseTrace(text: string): ParsedTrace {
  const lines = text.split('\n').slice(0, -1);
  // As editors of Windows end them.
  const isReturned = lines[0]?.endsWith('\r') ?? false;
  const [head = '', columns = '', ...rows] = isReturned
    ? lines.map((line) => line.replace(/\r$/, ''))
    : lines;
  const wallStartMs = wallStartOf(head);
  if (wallStartMs === undefined || columns !== COLUMNS) {
    return { kind: 'broken', why: `it does not begin with the lines "${NAME}" and "${COLUMNS}"` };
  }
  if (rows.length > TRACE_ROWS_MAX) return { kind: 'broken', why: 'it has too many rows' };
  const events: TraceEvent[] = [];
  for (const [position, row] of rows.entries()) {
    const event = parseRow(row);
    const line = `line ${String(position + 3)}`;
    if (typeof event === 'string') return { kind: 'broken', why: `${line}: ${event}` };
    if (event.atMs < (events.at(-1)?.atMs ?? 0)) {
      return { kind: 'broken', why: `${line}: time runs backwards` };
    }
    events.push(event);
  }
  return { kind: 'trace', events, ...(wallStartMs === 'not said' ? {} : { wallStartMs }) };
}

/** Undefined: it is no head of a trace. */
function wallStartOf(head: string): number | 'not said' | undefined {
  if (head === NAME) return 'not said';
  const wall = head.slice(NAME.length + 1);
  if (!head.startsWith(`${NAME} `) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(wall)) return undefined;
  const wallMs = Date.parse(`${wall}Z`);
  return Number.isNaN(wallMs) ? undefined : wallMs;
}

/** The value of an event of a trace that began at `startMs` and is played `speed` times as fast. */
export function playedValue({ signal, value }: TraceEvent, startMs: number, speed: number): Value {
  if (value.kind === 'presence' && value.presence.kind === 'away') {
    const sinceMs = startMs + value.presence.sinceMs / speed;
    return { kind: 'presence', presence: { ...value.presence, sinceMs } };
  }
  if (value.kind === 'number' && signals[signal].unit === 'ms') {
    return { kind: 'number', number: startMs + value.number / speed };
  }
  return value;
}

function parseRow(row: string): TraceEvent | string {
  const [at = '', name = '', text, ...more] = row.split(',');
  if (text === undefined || more.length > 0) return 'it does not have three columns';
  if (!/^\d{1,10}(?:\.\d{1,6})?$/.test(at)) return 'at_s is not a number of seconds';
  const cut = name.indexOf(':');
  const given = cut === -1 ? name : name.slice(0, cut);
  const signal = signalNamed(given);
  if (signal === undefined) return `there is no signal "${given.slice(0, 40)}"`;
  const atMs = Math.round(Number(at) * 1_000);
  const value = parseValue(signal, text, atMs);
  if (value === undefined) return `"${text.slice(0, 40)}" is no value of ${signal}`;
  return { atMs, signal, instance: cut === -1 ? '' : name.slice(cut + 1), value };
}

function parseValue(signal: Signal, text: string, atMs: number): Value | undefined {
  if (text === '') return { kind: 'unknown', why: 'it was not known when the trace was taken' };
  const { kind, unit } = signals[signal];
  switch (kind) {
    case 'flag':
      return /^(?:true|false)$/.test(text) ? { kind, flag: text === 'true' } : undefined;
    case 'number': {
      if (!/^-?\d{1,18}(?:\.\d{1,9})?$/.test(text)) return undefined;
      const number = Number(text);
      if (unit === 'ms') return { kind, number: Math.round(number * 1_000) };
      return number >= 0 && (unit !== '%' || number <= 100) ? { kind, number } : undefined;
    }
    case 'word':
      return isWordOf(signal, text) ? { kind, word: text } : undefined;
    case 'presence': {
      if (text === 'engaged') return { kind, presence: { kind: 'engaged' } };
      const ago = /^away(?: (\d{1,10}(?:\.\d{1,6})?))?( locked| dark)?$/.exec(text);
      if (ago === null) return undefined;
      const sinceMs = atMs - Math.round(Number(ago[1] ?? 0) * 1_000);
      const screen =
        ago[2] === undefined
          ? {}
          : ago[2] === ' locked'
            ? ({ locked: true } as const)
            : ({ dark: true } as const);
      return { kind, presence: { kind: 'away', sinceMs, ...screen } };
    }
  }
}

function isWordOf(signal: Signal, text: string): boolean {
  if (signal === 'thermal') return (thermalWords as readonly string[]).includes(text);
  return signals[signal].doc.split(/[ ,.]+/).includes(text);
}

function valueText(signal: Signal, value: Value, startMs: number, atMs: number): string {
  switch (value.kind) {
    case 'unknown':
      return '';
    case 'flag':
      return String(value.flag);
    case 'word':
      return value.word;
    case 'number':
      return signals[signal].unit === 'ms'
        ? seconds(value.number - startMs)
        : String(Number(value.number.toFixed(3)));
    case 'presence':
      return value.presence.kind === 'engaged'
        ? 'engaged'
        : `away ${seconds(Math.max(0, startMs + atMs - value.presence.sinceMs))}${screenOf(value.presence)}`;
  }
}

function screenOf({ locked, dark }: Extract<Presence, { kind: 'away' }>): string {
  if (locked === true) return ' locked';
  return dark === true ? ' dark' : '';
}

function seconds(ms: number): string {
  return String(Number((ms / 1_000).toFixed(3)));
}
