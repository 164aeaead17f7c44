// When something that failed is tried again.

import { createHash } from 'node:crypto';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';

/** ±10 %, so that machines which failed together do not come back together. */
const JITTER_SHARE = 0.1;

/** Wait after the n-th failure: doubling from the first, capped, jittered by `seed`. */
export function backoffMs(retry: Policy['retry'], failureCount: number, seed: string): number {
  const doubled = retry.firstMs * 2 ** Math.min(failureCount - 1, 30);
  const jitter = 1 + JITTER_SHARE * (2 * shareOf(`${seed}/${String(failureCount)}`) - 1);
  return Math.round(Math.min(doubled, retry.maxMs) * jitter);
}

const DAY_MS = 86_400_000;

/** Wait after the n-th time that content was not what it was said to be, jittered by half a day. */
export function badContentMs(retry: Policy['retry'], count: number, seed: string): number {
  const doubled = retry.badContentMs * 2 ** Math.min(count - 1, 30);
  const waitMs = Math.min(doubled, retry.badContentMsMax);
  const jitterMs = Math.min(DAY_MS, waitMs) * (shareOf(`${seed}/${String(count)}`) - 0.5);
  return Math.round(waitMs + jitterMs);
}

/** Somebody else is at it, has filled the disk, or pays for the network: waited for, nobody's failure. */
export function isWaitForOthers(code: ReasonCode): boolean {
  return (
    code === 'LOCK_HELD' || code === 'RUN_PENDING' || code === 'NO_SPACE' || code === 'METERED'
  );
}

/** By how much of its time a scan comes early, 0 to 0.1: always the same for one updater on one host. */
export function scanJitter(hostId: string, updaterId: string): number {
  return JITTER_SHARE * shareOf(`${hostId}/${updaterId}`);
}

/** 0 to 1, as good as at random, and always the same for the same seed. */
function shareOf(seed: string): number {
  return (createHash('sha256').update(seed).digest()[0] ?? 0) / 255;
}

/** The updater ended, hung or was killed instead of answering: the same run is worth repeating. */
export function isCrash(code: ReasonCode): boolean {
  return (
    code === 'UPDATER_CRASHED' ||
    code === 'NEVER_SERVED' ||
    code === 'LAUNCH_FAILED' ||
    code === 'FREEZE_FAILED'
  );
}

/** Crashes, timeouts and what could not be frozen: what the circuit breaker counts. */
export function countsForBreaker(code: ReasonCode): boolean {
  return (
    code === 'UPDATER_CRASHED' ||
    code === 'NEVER_SERVED' ||
    code === 'TIME_LIMIT' ||
    code === 'CRITICAL_OVERRUN' ||
    code === 'FREEZE_FAILED'
  );
}
