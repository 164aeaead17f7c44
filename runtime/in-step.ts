// What is done every so often by several is done in step: at instants that all who share a period share,
// so that one wake-up serves them.

/** Too short a time to be worth a wake-up of its own: a timer that rang early does not ring twice. */
const SKIPPED_SHARE = 0.1;

/** @returns how long until the next of the instants of this period: at most eleven tenths of it. */
export function untilInStep(periodMs: number, monotonicMs: number): number {
  const leftMs = periodMs - (monotonicMs % periodMs);
  return leftMs < periodMs * SKIPPED_SHARE ? leftMs + periodMs : leftMs;
}
