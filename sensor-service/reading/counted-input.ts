// What counts keys and pointer, made one: the desktop (Mutter), and the input devices themselves.
//
// Invariants:
//   C1. One touch is enough, whoever saw it.
//   C2. The desktop is believed before the devices: it also hears of what comes from no device. One that
//       counted and has fallen silent leaves it unknown whether somebody touches anything.
//   C3. Devices that cannot be seen count nothing.

import type { AwayAfter, SeatVerdict } from './seat.js';

/** Of each that counts: `away` from the last touch on; undefined: nobody counts. */
export type CountedInput = SeatVerdict | undefined;

export function countedInput(desktop: CountedInput, devices: CountedInput): CountedInput {
  const seen = devices?.kind === 'unknown' ? undefined : devices; // C3
  if (seen?.kind === 'engaged') return seen; // C1
  if (desktop === undefined || seen === undefined) return desktop ?? seen;
  if (desktop.kind !== 'away') return desktop; // C2
  return { kind: 'away', sinceMs: Math.max(desktop.sinceMs, seen.sinceMs) };
}

/** After so long without a touch whoever counts says so; how long it has to last is judged later. */
export function stillAfterMs({ inputMs, darkMs, lockedMs }: AwayAfter): number {
  return Math.min(inputMs, darkMs, lockedMs);
}
