// Looking until something has come about: for what real threads, processes and sockets do.

import { pause } from './deadline.js';

/** Less than a test may take, so that it ends with words. */
const WAIT_MS_MAX = 25_000;
const LOOK_EVERY_MS = 2;

interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/**
 * Looks until there is something, or until it holds.
 * @returns what was seen.
 * @throws when that takes too long, with what was waited for.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = WAIT_MS_MAX, everyMs = LOOK_EVERY_MS }: Patience = {},
): Promise<Exclude<T, undefined | false>> {
  const giveUpAtMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
    if (performance.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`);
    await pause(everyMs);
  }
}

/** What is read once it is the same twice. */
export async function settled(read: () => number, everyMs = 50): Promise<number> {
  let [before, now] = [Number.NaN, read()];
  const isSame = (): boolean => {
    [before, now] = [now, read()];
    return before === now;
  };
  await until('it stays the same', isSame, { everyMs });
  return now;
}
