// Trials: what a failure makes of those before it, and when the next one may be.

import type { Policy } from '../policy/policy.js';
import type { Outcome, Run } from '../runs/run.js';
import { backoffMs } from './retry.js';
import type { Trials } from './world.js';

export type Failure = Extract<Outcome, { kind: 'failed' }>;

/**
 * Waited for, however often, and nobody's failure; each time for twice as long, so that it is waited for
 * no longer than what is waited for has lasted. A server that has been down for long is asked once a day:
 * there may be none any more, and whoever is given up waits for a person.
 */
export function waitForOthers(
  { askedUntilMs: _asked, downCount = 0, ...before }: Trials,
  run: Run,
  outcome: Failure,
  atMs: number,
  retry: Policy['retry'],
): Trials {
  const { code, message } = outcome;
  const waitCount = (before.waitCount ?? 0) + 1;
  const down = isServerDown(outcome) ? { downCount: downCount + 1 } : {};
  const isLong = isLongDown(down, retry);
  const asked = askedMs(outcome, retry);
  const waitMs = Math.max(backoffMs(retry, waitCount, run.id), isLong ? retry.giveUpMs : 0, asked);
  return {
    ...before,
    waitCount,
    lastFailure: { code, message },
    failedAtMs: atMs,
    notBeforeMs: atMs + waitMs,
    ...(asked > 0 ? { askedUntilMs: atMs + asked } : {}),
    ...down,
  };
}

/** Nobody's failure either, unless its updater says that it will never be there. */
export function isServerDown({ code, retry }: Failure): boolean {
  return code === 'UPSTREAM_DOWN' && retry;
}

/** It was asked in vain as often as a failure is tried. */
export function isLongDown(
  { downCount = 0 }: Pick<Trials, 'downCount'>,
  { demotedAtCount }: Policy['retry'],
): boolean {
  return downCount >= demotedAtCount;
}

export function failedTrials(
  failureCount: number,
  badContentCount: number,
  outcome: Failure,
  atMs: number,
  waitMs: number,
  retry: Policy['retry'],
): Trials {
  const { code, message } = outcome;
  const asked = askedMs(outcome, retry);
  return {
    failureCount,
    lastFailure: { code, message },
    failedAtMs: atMs,
    notBeforeMs: atMs + Math.max(waitMs, asked),
    ...(badContentCount > 0 ? { badContentCount } : {}),
    ...(asked > 0 ? { askedUntilMs: atMs + asked } : {}),
  };
}

/**
 * How often in a row it was content, which is worse than a server that does not answer. A stored bundle
 * that went bad shows before a run has started, and comes anew.
 */
export function badContentAfter(before: Trials, { phase }: Run, { code }: Failure): number {
  const isContent = code === 'DIGEST_MISMATCH' || code === 'SIGNATURE_INVALID';
  return isContent && phase.kind !== 'admitted' ? (before.badContentCount ?? 0) + 1 : 0;
}

/** How long the upstream wants to be left alone, as far as that is honoured. */
export function askedMs({ retryAfterMs = 0 }: Failure, { askedMsMax }: Policy['retry']): number {
  return Math.min(Math.max(0, retryAfterMs), askedMsMax);
}
