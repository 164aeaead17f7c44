// A clock that was set: what was seen first while it was wrong is not older because it is right now.
//
// Invariants:
//   K1. Each update is moved ahead once. A machine whose clock is behind at every start, and set right a
//       while later, would otherwise keep its updates young for ever.
//   K2. What the new clock noted before anybody had noticed stays where it is: a clock set ahead has passed
//       over those instants. Of one set back, only what lies ahead is known to be of the old one; a scan
//       finds the rest, see `found`.
//   K3. Since when an update waits for its next action goes with the clock each time: the instant at which the
//       machine started does so too, and the two are compared where a start has no name.

import type { Fact } from '../journal/fact.js';
import type { MutableWorld, UpdateState } from './world.js';

export function foldClockSet(
  { updates }: MutableWorld,
  { byMs }: Extract<Fact, { kind: 'clock.set' }>,
  nowMs: number,
): void {
  for (const [key, state] of updates) {
    const actionSinceMs = isOfOldClock(state.actionSinceMs, byMs, nowMs)
      ? state.actionSinceMs + byMs
      : state.actionSinceMs;
    updates.set(key, { ...state, actionSinceMs, ...seenBy(state, byMs, nowMs) }); // K3
  }
}

function seenBy(
  { firstSeenAtMs, firstSeenMoved }: UpdateState,
  byMs: number,
  nowMs: number,
): Pick<UpdateState, 'firstSeenAtMs' | 'firstSeenMoved'> | undefined {
  if (!isOfOldClock(firstSeenAtMs, byMs, nowMs)) return undefined;
  const movedMs = firstSeenAtMs + byMs;
  if (byMs < 0) return { firstSeenAtMs: movedMs };
  return firstSeenMoved === true ? undefined : { firstSeenAtMs: movedMs, firstSeenMoved: true }; // K1
}

/** Whether an instant is known to be one of the clock as it was before it was set (K2). */
function isOfOldClock(atMs: number, byMs: number, nowMs: number): boolean {
  return byMs < 0 ? atMs > nowMs : atMs + byMs <= nowMs;
}
