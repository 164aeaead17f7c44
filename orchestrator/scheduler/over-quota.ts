// Has it said more than a journal takes? Then nothing is permitted that would make it say more.

import type { Reason } from '../../conditions/reason.js';
import { formatBytes, formatDuration } from '../../conditions/words.js';
import { defaultQuotas, type Quota } from '../journal/fact-quota.js';
import type { HostView } from './host-view.js';

/** Instants at which what was used up takes something again, ms since the epoch. */
export interface OverQuota {
  /** Of the machine. Absent: it is not used up. */
  readonly untilMs?: number;
  /** Of each updater that has used up its own part. */
  readonly updaters: ReadonlyMap<string, number>;
}

/** As in `fact-quota.ts`, Q1 and Q3. */
export function quotaObjections(
  { overQuota }: Pick<HostView, 'overQuota'>,
  updaterId: string,
  nowMs: number,
): Reason[] {
  if (overQuota === undefined) return [];
  return [
    ...reason('this machine', 'this machine', defaultQuotas.host, overQuota.untilMs, nowMs),
    ...reason(
      `${updaterId} on this machine`,
      updaterId,
      defaultQuotas.updater,
      overQuota.updaters.get(updaterId),
      nowMs,
    ),
  ];
}

function reason(
  who: string,
  about: string,
  { entries, bytes }: Quota,
  untilMs: number | undefined,
  nowMs: number,
): Reason[] {
  if (untilMs === undefined || nowMs >= untilMs) return [];
  const most = `${String(entries)} entries or ${formatBytes(bytes)} a day`;
  const message = `of ${who} the journal has more than ${most}; it takes more in ${formatDuration(untilMs - nowMs)}. "lull audit log" shows what was said`;
  return [{ code: 'JOURNAL_QUOTA', message, about, untilMs }];
}
