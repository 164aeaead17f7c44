import { formatDuration } from '../../conditions/words.js';
import { weights } from '../../orchestrator/simulation/score.js';
import type { Simulated } from '../commands/simulate.js';
import { counted } from './counted.js';
import { folded } from './folded.js';
import type { Page } from './subjects.js';
import { table } from './table.js';

const FAULTS_SHOWN = 5;
/** Longer lines nobody reads, however wide the terminal is. */
const WIDTH_MAX = 98;

const head = [
  ['', 'policy', ''],
  ['', 'done', '%'],
  ['', 'missed', ''],
  ['not', 'allowed', 's, mean'],
  ['not', 'allowed', 's, p99'],
  ['to', 'update', 'h, p50'],
  ['', 'stopped', 'mean'],
  ['', 'cost', 'mean'],
  ['', 'regret', 'mean'],
] as const;

export function showSimulated(simulated: Simulated, { columns }: Pick<Page, 'columns'>): string {
  const fold = (text: string): string => folded(text, Math.min(WIDTH_MAX, columns)).join('\n');
  const { recording, svgFile } = simulated;
  const { perNotAllowedMinute, perHourWaited, perMiss } = weights;
  const notes = [
    ...assumptions(simulated),
    `Not allowed is time with a person there, or on battery. Cost: ${String(perNotAllowedMinute)} per minute not allowed, ${String(perHourWaited)} per hour waited, ${String(perMiss)} per update missed. Regret: cost over the clairvoyant's.`,
  ];
  const parts = [
    fold(title(simulated)),
    ...leftOut(recording.faults),
    ...putRight(recording.mended),
    rowsOf(simulated, columns),
    notes.map(fold).join('\n'),
    ...(svgFile === undefined ? [] : [`drawn: ${svgFile}`]),
  ];
  return parts.join('\n\n');
}

function title({ source, deviceCount, updateCount, overdueAfterMs, timeZone }: Simulated): string {
  const counts = `${counted(deviceCount, 'device')}, ${counted(updateCount, 'update')}`;
  const rule = `missed is what is not done after ${formatDuration(overdueAfterMs)}, or when the recording ends`;
  return `${source}: ${counts}; ${rule}; clock of ${timeZone}`;
}

function rowsOf({ policies }: Simulated, columns: number): string {
  const rows = policies.map((each) => [
    shortened(each.name),
    (each.doneShare * 100).toFixed(1),
    String(each.missCount),
    each.notAllowedMeanS.toFixed(each.notAllowedMeanS < 0.1 ? 3 : 1),
    each.notAllowedP99S.toFixed(1),
    each.timeToUpdateP50H.toFixed(2),
    each.interruptionsMean.toFixed(2),
    each.costMean.toFixed(2),
    each.regretMean.toFixed(3),
  ]);
  const heads = [0, 1, 2].map((line) => head.map((words) => words[line] ?? ''));
  const all = [...heads, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const aligned = all.map((row) =>
    row.map((cell, column) => (column === 0 ? cell : cell.padStart(widths[column] ?? 0))),
  );
  const shown = table(aligned);
  const isWide = shown.split('\n').some((line) => line.length > columns);
  return isWide ? table(aligned, ' ') : shown;
}

/** A path is known by its end. */
function shortened(name: string): string {
  const max = 24;
  return name.length <= max ? name : `…${name.slice(1 - max)}`;
}

/** What was not recorded, and what is made of that. */
function assumptions({ told, takenForGranted }: Simulated): string[] {
  const granted = Object.entries(takenForGranted).map(
    ([name, signals]) => `${name} (${signals.join(', ')})`,
  );
  return [
    `Recorded: ${told.join(', ')}. All else is as on a calm machine.`,
    ...(granted.length === 0
      ? []
      : [`Rules that look at more take it for granted: ${granted.join('; ')}.`]),
  ];
}

function leftOut({ count, lines }: Simulated['recording']['faults']): string[] {
  if (count === 0) return [];
  const shown = lines.slice(0, FAULTS_SHOWN);
  const more = count - shown.length;
  const rest = more > 0 ? [`and ${String(more)} more`] : [];
  return [['left out:', ...shown, ...rest].join('\n  ')];
}

function putRight({ touchingCount, emptyCount }: Simulated['recording']['mended']): string[] {
  if (touchingCount + emptyCount === 0) return [];
  return [
    `put right: ${counted(touchingCount, 'window')} that touched, ${String(emptyCount)} that were empty`,
  ];
}
