// How much an updater may ask of the host in a while: a bucket that fills with time. What it has no
// room for is refused at once, or it would be kept in memory (T23); and what is done goes into the
// journal for ever.

/** A phone's own bound on what calls a program may make of its scheduler (Android). */
export const CALLS_PER_MINUTE = 250;
const CALL_EVERY_MS = 60_000 / CALLS_PER_MINUTE;

export interface CallRate {
  /** Calls that may be made at once. */
  readonly calls: number;
  readonly atMs: number;
}

export function fullCallRate(nowMs: number): CallRate {
  return { calls: CALLS_PER_MINUTE, atMs: nowMs };
}

/** Takes one call's place; `afterMs`: when there will be one, or 0 where it was taken. */
export function takeCall(
  rate: CallRate,
  nowMs: number,
): { readonly rate: CallRate; readonly afterMs: number } {
  const gained = Math.max(0, nowMs - rate.atMs) / CALL_EVERY_MS;
  const calls = Math.min(CALLS_PER_MINUTE, rate.calls + gained);
  if (calls >= 1) return { rate: { calls: calls - 1, atMs: nowMs }, afterMs: 0 };
  return { rate: { calls, atMs: nowMs }, afterMs: Math.ceil((1 - calls) * CALL_EVERY_MS) };
}
