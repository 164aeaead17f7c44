// Waits with an end.

import { setTimeout as pause } from 'node:timers/promises';

/** What it comes to, or undefined when that takes longer. */
export async function within<T>(promise: Promise<T>, msMax: number): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([promise, pause(msMax, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
