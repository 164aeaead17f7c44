// How often and how long a download is tried again.

import { formatDuration } from '../../conditions/words.js';

/** Attempts at one order. More is for the orchestrator, which can wait for hours. */
export const ATTEMPTS_MAX = 5;
/** Waiting in all: longer than that an updater's process is not kept alive for nothing. */
export const PATIENCE_MS = 60_000;
const FIRST_WAIT_MS = 500;
const WAIT_MS_MAX = 8_000;

export interface Tries {
  readonly attemptCount: number;
  readonly waitedMs: number;
}

export type NextTry =
  | { readonly kind: 'again'; readonly afterMs: number }
  | {
      readonly kind: 'give-up';
      readonly why: string;
      /** For who can wait longer. */
      readonly retryAfterMs: number | undefined;
    };

/**
 * What to do after an attempt that failed in a way that another one may not.
 * @param random in [0, 1): spreads the retries of many machines.
 * @param attemptsMax fewer where another server can be asked.
 */
export function nextTry(
  tries: Tries,
  failure: { readonly why: string; readonly retryAfterMs: number | undefined },
  random: number,
  attemptsMax = ATTEMPTS_MAX,
): NextTry {
  const { retryAfterMs } = failure;
  if (tries.attemptCount >= attemptsMax) {
    const why = `${failure.why}, ${String(tries.attemptCount)} times`;
    return { kind: 'give-up', why, retryAfterMs };
  }
  const doubled = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** (tries.attemptCount - 1));
  const afterMs = Math.max(retryAfterMs ?? 0, doubled * (0.5 + random));
  if (tries.waitedMs + afterMs > PATIENCE_MS) {
    return {
      kind: 'give-up',
      why: `${failure.why} and asks to come back in ${formatDuration(afterMs)}`,
      retryAfterMs,
    };
  }
  return { kind: 'again', afterMs };
}
