// Instants on a wall clock that did not run evenly: the machine slept, or somebody set the clock.
//
// A shift says: at `atMs` of the old clock it became `atMs + byMs`, and no time passed that anybody
// could have been away in. Instants noted before are moved along, so that an absence is counted in time
// that the machine was awake.
//
// Invariants:
//   K1. A shift never makes an instant lie in the future.
//   K2. Where it cannot be told whether an instant was noted before a clock was set back or after, it
//       is left where it is: the absence is the shorter one.

export interface ClockShift {
  /** What the old clock said. */
  readonly atMs: number;
  /** Above 0: a sleep, or a clock set ahead. */
  readonly byMs: number;
}

/** Older ones are forgotten: nobody waits for an absence that long. */
const SHIFTS_MAX = 32;
/** Less is what time synchronisation does to a clock that runs well. */
export const SHIFT_MS_MIN = 1_000;

export function withShift(shifts: readonly ClockShift[], shift: ClockShift): ClockShift[] {
  return [...shifts, shift].slice(-SHIFTS_MAX);
}

/** Where `instantMs`, noted at some time, lies on the clock as it runs now. */
export function onClockNow(
  instantMs: number,
  shifts: readonly ClockShift[],
  nowMs: number,
): number {
  let at = instantMs;
  for (const { atMs, byMs } of shifts) {
    const newAtMs = atMs + byMs;
    const before = byMs > 0 ? at <= atMs : at <= newAtMs || at > nowMs; // K2
    if (before) at += byMs;
  }
  return Math.min(at, nowMs); // K1
}
