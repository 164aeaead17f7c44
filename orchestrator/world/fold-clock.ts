// A clock that was set: what was seen first while it was wrong is not older because it is right now.
//
// Invariants:
//   K1. Each update is moved ahead once. A machine whose clock is behind at every start, and set right a
//       while later, would otherwise keep its updates young for ever.
//   K2. What the new clock noted before anybody had noticed stays where it is: a clock set ahead has passed
//       over those instants. Of one set back, only what lies ahead is known to be of the old one; a scan
//       finds the rest, see `found`.

import type { Fact } from '../journal/fact.js';
import type { MutableWorld, UpdateState } from './world.js';

export function foldClockSet(
  { updates }: MutableWorld,
  { byMs }: Extract<Fact, { kind: 'clock.set' }>,
  nowMs: number,
): void {
  for (const [key, state] of updates) updates.set(key, { ...state, ...seenBy(state, byMs, nowMs) });
}

function seenBy(
  { firstSeenAtMs, firstSeenMoved }: UpdateState,
  byMs: number,
  nowMs: number,
): Pick<UpdateState, 'firstSeenAtMs' | 'firstSeenMoved'> | undefined {
  const movedMs = firstSeenAtMs + byMs;
  if (byMs < 0) return firstSeenAtMs > nowMs ? { firstSeenAtMs: movedMs } : undefined; // K2
  if (firstSeenMoved === true || movedMs > nowMs) return undefined; // K1, K2
  return { firstSeenAtMs: movedMs, firstSeenMoved: true };
}
