// A host that was asked too much in a minute says when it takes the next call: waited for here, so
// that an updater with many small files need not know.

import { UpdaterFailure } from './failure.js';

/** Then it is the caller's failure: somebody else's calls take all the places. */
const TRIES_MAX = 20;
/** Longer than the host ever lets anybody wait for the next place. */
const WAIT_MS_MAX = 10_000;

export async function patiently<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UpdaterFailure) || error.reason !== 'RATE_LIMITED') throw error;
      const { retryAfterMs } = error;
      if (retryAfterMs === undefined || retryAfterMs > WAIT_MS_MAX || tries >= TRIES_MAX)
        throw error;
      await waited(retryAfterMs, signal);
      signal.throwIfAborted();
    }
  }
}

function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
