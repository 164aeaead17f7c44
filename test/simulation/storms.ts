// Many lives, a hundred seeds to a test: a failure names its seed, and two cores share them out.

import { live } from './life.js';

const SEEDS_PER_TEST = 100;
/** Many times what it takes: a machine under load is no bug. */
export const STORMS_MS_MAX = 300_000;

/** The first seed of each hundred. */
export function hundredsFrom(first: number, count: number): number[] {
  const tests = Math.ceil(count / SEEDS_PER_TEST);
  return Array.from({ length: tests }, (_, i) => first + i * SEEDS_PER_TEST);
}

/** @returns how many lives there were. @throws with the seed of the first one that went wrong. */
export async function liveHundred(first: number): Promise<number> {
  for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1) await live(seed);
  return SEEDS_PER_TEST;
}
