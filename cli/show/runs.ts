// Runs: when, what, how it ended, how long it took, and why it did not go on.

import { reasons } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Entry, Run } from '../../proto/gen/lull/operator/v1/operator.js';
import { counted } from './counted.js';
import { folded, indented } from './folded.js';
import { localTime, shortTime, zoneOf } from './local-time.js';
import { wordsOf } from './run-entry.js';
import type { Page } from './subjects.js';
import { foldedTable, table } from './table.js';

const BELOW = 4;

/** One below the other, with one head for all. */
export function showRuns(runs: readonly Run[], page: Page): string {
  const head = [`when (${zoneOf(page.nowMs)})`, 'run', 'action', 'outcome', 'ran', 'held'];
  const rows = runs.map((run) => [
    shortTime(Number(run.admittedAtUnixMs), page.nowMs),
    ...[run.id, run.action, outcomeOf(run), ranOf(run), heldOf(run)],
  ]);
  const [first = '', ...lines] = table([head, ...rows]).split('\n');
  const shown = runs.flatMap((run, index) => [
    lines[index] ?? '',
    ...below([whatOf(run), whyOf(run)], page),
  ]);
  return [first, ...shown].join('\n');
}

/** One run whole: the same, and every entry of the journal that is about it. */
export function showRun(run: Run, entries: readonly Entry[], page: Page): string {
  const at = (atMs: bigint | undefined): string =>
    atMs === undefined ? '' : localTime(Number(atMs));
  const rows = [
    ['what', run.updateId === '' ? run.title : `${run.title} (${run.updateId})`],
    ['updater', `${run.updaterId} ${run.updaterVersion}`],
    ['versions', run.toVersion === '' ? '' : versionsOf(run)],
    ['notes', run.releaseNotesUrl],
    ['admitted', at(run.admittedAtUnixMs)],
    ['finished', at(run.finishedAtUnixMs)],
    ['ran', ranOf(run)],
    ['held', heldOf(run)],
    ['attempts', String(run.attempt)],
    ['outcome', outcomeOf(run)],
    ['why', whyOf(run)],
  ].filter(([, value]) => value !== '');
  const log = entries.map(({ sequence, atUnixMs, kind, bodyJson }) => [
    String(sequence),
    shortTime(Number(atUnixMs), page.nowMs),
    kind,
    wordsOf(bodyJson),
  ]);
  return [
    `${run.id}: ${run.action}`,
    indented(foldedTable(rows, page.columns - 2)),
    `Its entries of the journal, on the clock of ${zoneOf(page.nowMs)}:`,
    indented(foldedTable(log, page.columns - 2)),
  ].join('\n');
}

function below(texts: readonly string[], { columns }: Page): string[] {
  return texts
    .filter((text) => text !== '')
    .flatMap((text) => folded(text, columns - BELOW).map((line) => indented(line, BELOW)));
}

function whatOf(run: Run): string {
  const { updateId, updaterId, updaterVersion, toVersion, attempt } = run;
  const updater = `${updaterId} ${updaterVersion}`.trimEnd();
  const versions = toVersion === '' ? '' : ` ${versionsOf(run)}`;
  const what = updateId === '' ? updater : `${updateId}${versions}, by ${updater}`;
  return attempt > 1 ? `${what}, attempt ${String(attempt)}` : what;
}

function versionsOf({ fromVersion, toVersion }: Run): string {
  return fromVersion === '' ? toVersion : `${fromVersion} → ${toVersion}`;
}

function outcomeOf({ outcome, state }: Run): string {
  return outcome === '' ? state : outcome;
}

function ranOf({ ranMs }: Run): string {
  return ranMs === 0n ? '' : formatDuration(Number(ranMs));
}

function heldOf({ heldMs, pauseCount }: Run): string {
  if (pauseCount === 0) return '';
  return `${formatDuration(Number(heldMs))} in ${counted(pauseCount, 'pause')}`;
}

/** The code, and in words what is said of this run, or else what the code means. */
function whyOf({ reason, message }: Run): string {
  if (reason === '') return '';
  const meaning = Object.hasOwn(reasons, reason) ? reasons[reason as keyof typeof reasons] : '';
  const words = message === '' ? meaning : message;
  return words === '' ? reason : `${reason}: ${words}`;
}
