// Starts as soon as JetStream can answer: servers of a cluster agree first on who leads it, and a connection is
// there before that. As for a server that is out of reach, nobody stands beside it.

import { pause, whenAborted } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import { hasNobody, isOutOfReach } from '../journal/reach.jetstream.js';

const AGAIN_MS = 1_000;

/**
 * @param start closes what it has opened when it rejects.
 * @returns undefined when `signal` was aborted before.
 * @throws what `start` does, but for what passes by itself.
 */
export async function startWhenWithinReach<T>(
  start: () => Promise<T>,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<T | undefined> {
  const stopped = whenAborted(signal);
  let told = '';
  while (!signal.aborted) {
    try {
      return await Promise.race([start(), stopped]);
    } catch (error) {
      // There is no JetStream at all: waiting does not mend that.
      if (hasNobody(error) || !isOutOfReach(error)) throw error;
      const why = (error as Error).message;
      if (why !== told) log.warn(`waiting for JetStream, which cannot answer now: ${why}`);
      told = why;
    }
    await pause(AGAIN_MS, signal);
  }
  return undefined;
}
