// The last question: who first?
//
//   what somebody wants now ─▶ urgency: overdue, due, critical, security, the rest
//     ─▶ what is half done: broken, not verified, cut ─▶ debt: who has been kept waiting for longest ─▶ the smaller
//
// Invariant: O1. Within one urgency nothing that comes later goes before what has waited for longer, but
// to finish what it began: no stream of new updates keeps an old one waiting.

import { BULK_BYTES } from '../../conditions/network.js';
import type { Policy } from '../policy/policy.js';
import { mends } from './requirements.js';
import type { Subject } from './subject.js';
import { scanDueSinceMs, severityOf } from './urgency.js';

/** Negative when `a` goes first. Total: no two subjects compare equal. */
export function compareSubjects(a: Subject, b: Subject): number {
  return (
    Number(b.action === 'revert') - Number(a.action === 'revert') ||
    Number(b.demanded) - Number(a.demanded) ||
    pressureOf(a) - pressureOf(b) ||
    unfinishedRank(a) - unfinishedRank(b) ||
    compareNumbers(waitingSinceMs(a), waitingSinceMs(b)) ||
    compareNumbers(bytesOf(a), bytesOf(b)) ||
    compareText(a.key, b.key)
  );
}

const severityRank: Record<keyof Policy['deadlines'], number> = {
  critical: 2,
  security: 3,
  others: 4,
};

function pressureOf({ urgency, work }: Subject): number {
  if (urgency === 'overdue') return 0;
  if (urgency === 'due') return 1;
  return severityRank[work.kind === 'scan' ? 'others' : severityOf(work.update)];
}

/** What was changed and does not work, or may not, is looked after before anything is begun. */
function unfinishedRank({ action, interrupted, state }: Subject): number {
  if (mends(action, state)) return action === 'rollback' ? 0 : 1;
  return interrupted === undefined ? 3 : 2;
}

/** Its debt. A scan is kept waiting from when it was due; one that never was, from the beginning. */
function waitingSinceMs({ state, updater }: Subject): number {
  if (state !== undefined) return state.firstSeenAtMs;
  return updater.lastScanAtMs === undefined ? 0 : scanDueSinceMs(updater);
}

function bytesOf({ work }: Subject): number {
  if (work.kind === 'scan') return 0;
  const { downloadBytes = BULK_BYTES, installBytes = 0 } = work.update;
  return downloadBytes + installBytes;
}

function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
