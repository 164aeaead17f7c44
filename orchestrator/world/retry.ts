// When something that failed is tried again.

import { createHash } from 'node:crypto';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';

/** ±10 %, so that machines which failed together do not come back together. */
const JITTER_SHARE = 0.1;

/** Wait after the n-th failure: doubling from the first, capped, jittered by `seed`. */
export function backoffMs(retry: Policy['retry'], failureCount: number, seed: string): number {
  const doubled = retry.firstMs * 2 ** Math.min(failureCount - 1, 30);
  const share =
    createHash('sha256')
      .update(`${seed}/${String(failureCount)}`)
      .digest()[0] ?? 0;
  const jitter = 1 + JITTER_SHARE * (share / 127.5 - 1);
  return Math.round(Math.min(doubled, retry.maxMs) * jitter);
}

/** The updater ended or hung instead of answering: the same run is worth repeating. */
export function isCrash(code: ReasonCode): boolean {
  return code === 'UPDATER_CRASHED' || code === 'NEVER_SERVED' || code === 'LAUNCH_FAILED';
}

/** Crashes and timeouts: what the circuit breaker counts. */
export function countsForBreaker(code: ReasonCode): boolean {
  return (
    code === 'UPDATER_CRASHED' ||
    code === 'NEVER_SERVED' ||
    code === 'TIME_LIMIT' ||
    code === 'CRITICAL_OVERRUN'
  );
}
