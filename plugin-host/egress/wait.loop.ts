// Waiting that ends early when nobody wants what comes after it.

import type { Clock } from '../../runtime/clock.js';

/** Resolves after `ms`, or when the signal is aborted; never rejects. */
export function waitOn(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
