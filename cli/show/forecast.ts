// A forecast: what would run and when, and what would wait.

import type {
  Chance,
  ForecastResponse,
  Subject,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { folded, indented } from './folded.js';
import { localTime, shortTime, zoneOf } from './local-time.js';
import { namesIn } from './named.js';
import { showSubjects, type Page } from './subjects.js';
import { foldedTable } from './table.js';

const given =
  'if nobody uses the machine from now on, everything else stays as it is, and each run succeeds in its expected time';

/** @param atMs the instant asked about; absent: all that is to come. */
export function showForecast(
  { chances, waiting, computedUntilUnixMs }: ForecastResponse,
  page: Page,
  atMs?: number,
): string {
  const runs = chances.filter(({ atUnixMs }) => atUnixMs !== undefined);
  const never = chances.filter(({ atUnixMs }) => atUnixMs === undefined);
  if (chances.length === 0 && waiting.length === 0) return 'nothing waits';
  const nameOf = namesIn([...chances.flatMap(({ subject = [] }) => subject), ...waiting]);
  const part = (title: string, some: readonly Chance[]): string =>
    partOf(title, some, nameOf, page);
  const untilMs = computedUntilUnixMs === undefined ? undefined : Number(computedUntilUnixMs);
  const head =
    atMs === undefined
      ? `What runs, on the clock of ${zoneOf(page.nowMs)}, ${given}:`
      : `At ${localTime(atMs)}, ${given}:`;
  const parts =
    atMs === undefined
      ? [part('', runs) || '  nothing']
      : [
          part(
            'done by then:',
            runs.filter((run) => doneMs(run) <= atMs),
          ),
          part(
            'runs then:',
            runs.filter((run) => startMs(run) <= atMs && doneMs(run) > atMs),
          ),
          showWaiting(waiting, page, untilMs !== undefined && untilMs < atMs),
          part(
            'after that:',
            runs.filter((run) => startMs(run) > atMs),
          ),
        ];
  const rest =
    untilMs === undefined
      ? 'not in this time:'
      : `not until ${shortTime(untilMs, page.nowMs)}, and not computed further:`;
  return [folded(head, page.columns).join('\n'), ...parts, part(rest, never)]
    .filter((text) => text !== '')
    .join('\n');
}

function showWaiting(waiting: readonly Subject[], page: Page, isUnknown: boolean): string {
  if (isUnknown) return 'what waits then is not computed';
  if (waiting.length === 0) return '';
  return `waits then:\n${indented(showSubjects(waiting, { ...page, columns: page.columns - 2 }))}`;
}

/** Chances as a table below `head`; nothing where there are none. */
function partOf(
  head: string,
  chances: readonly Chance[],
  nameOf: ReturnType<typeof namesIn>,
  { nowMs, columns }: Page,
): string {
  if (chances.length === 0) return '';
  const at = (atMs: bigint | undefined): string =>
    atMs === undefined ? '' : shortTime(Number(atMs), nowMs);
  const rows = foldedTable(
    chances.map(({ subject, atUnixMs, doneAtUnixMs }) => [
      ...(atUnixMs === undefined
        ? []
        : [at(atUnixMs), doneAtUnixMs === undefined ? '' : `to ${at(doneAtUnixMs)}`]),
      subject?.action ?? '',
      subject === undefined ? '' : nameOf(subject),
      [...new Set(subject?.reasons.map(({ code }) => code))].join(', '),
    ]),
    columns - 2,
  );
  return [...(head === '' ? [] : [head]), indented(rows)].join('\n');
}

function startMs({ atUnixMs }: Chance): number {
  return Number(atUnixMs ?? Infinity);
}

function doneMs({ doneAtUnixMs }: Chance): number {
  return Number(doneAtUnixMs ?? Infinity);
}
