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

const lived = { count: 0, simulatedMs: 0, tookMs: 0 };

/** @returns how many lives there were. @throws with the seed of the first one that went wrong. */
export async function liveHundred(first: number): Promise<number> {
  const startMs = performance.now();
  for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1) {
    lived.simulatedMs += (await live(seed)).simulatedMs;
    lived.count += 1;
  }
  lived.tookMs += performance.now() - startMs;
  return SEEDS_PER_TEST;
}

/** Says how many lives there have been in this process, and in what time. */
export function tellLives(): void {
  const { count, simulatedMs, tookMs } = lived;
  const hours = (simulatedMs / 3_600_000).toFixed(0);
  const seconds = (tookMs / 1_000).toFixed(1);
  process.stdout.write(
    `storms: ${String(count)} seeds, ${hours} simulated hours in ${seconds} s\n`,
  );
}
