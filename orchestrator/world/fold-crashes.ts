// How runs of an updater ended, for the circuit breaker (scheduler/breaker.ts).

import type { Outcome } from '../runs/run.js';
import { countsForBreaker } from './retry.js';
import { CRASHES_MAX, type Crash, type MutableWorld } from './world.js';

/** For the circuit breaker: crashes, and whether anything was answered after each. */
export function noteHowItEnded(
  world: MutableWorld,
  updaterId: string,
  outcome: Outcome,
  atMs: number,
): void {
  const updater = world.updaters.get(updaterId);
  if (updater === undefined || outcome.kind === 'cancelled') return;
  const crashed = outcome.kind === 'failed' && countsForBreaker(outcome.code);
  const last = updater.crashes.at(-1);
  if (crashed) {
    const crashes = [...thinned(updater.crashes), { atMs, answered: false }];
    world.updaters.set(updaterId, { ...updater, crashes });
  } else if (last?.answered === false) {
    const crashes = [...updater.crashes.slice(0, -1), { ...last, answered: true }];
    world.updaters.set(updaterId, { ...updater, crashes });
  }
}

/**
 * Room for another crash. The oldest stay, because what opened the breaker is among them, and one is
 * taken out of the middle.
 */
function thinned(crashes: readonly Crash[]): readonly Crash[] {
  if (crashes.length < CRASHES_MAX) return crashes;
  const middle = CRASHES_MAX / 2;
  const merged = (each: Crash): Crash => ({
    ...each,
    answered: each.answered || crashes[middle]?.answered === true,
  });
  return crashes.flatMap((each, i) =>
    i === middle ? [] : [i === middle - 1 ? merged(each) : each],
  );
}
