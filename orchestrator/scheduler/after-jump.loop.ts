// After the clock on the wall has jumped: the machine slept, or somebody set it. An absence that began before
// seems longer by that much, until the sensors have looked again; they do within a round, whatever waits.
//
// Invariant: J1. Until then nothing is permitted: what was slept is no time that anybody was away in.

import type { Now } from '../../runtime/clock.js';
import type { Plan } from './plan.js';

/** Less is what time synchronisation does to a clock that runs well. */
const JUMP_MS_MIN = 1_000;
/** Sensors look every second while something waits, and at once when it begins to. */
const LOOK_MS = 2_000;

/** @returns for how long nothing is permitted from now on, ms; called at each turn. */
export function watchJumps(start: Now): (now: Now) => number {
  let before = start;
  let blindUntilMs = -Infinity;
  return (now) => {
    const byMs = now.wallMs - before.wallMs - (now.monotonicMs - before.monotonicMs);
    before = now;
    if (Math.abs(byMs) >= JUMP_MS_MIN) blindUntilMs = now.monotonicMs + LOOK_MS;
    return Math.max(0, blindUntilMs - now.monotonicMs);
  };
}

/** What restricts in it, and what is taken back. */
export function withoutPermissions(plan: Plan): Plan {
  const { cancel } = plan.restart;
  return { ...plan, admit: [], resume: [], restart: cancel === undefined ? {} : { cancel } };
}
