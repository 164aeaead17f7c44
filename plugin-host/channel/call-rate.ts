// How much an updater may ask of the host in a while: a bucket that fills with time. What it has no
// room for is refused at once, or it would be kept in memory (T23); and what is done goes into the
// journal for ever.

export interface CallRate {
  /** Calls that may be made at once; Infinity: none was made yet. */
  readonly calls: number;
  readonly atMs: number;
}

export function fullCallRate(nowMs: number): CallRate {
  return { calls: Number.POSITIVE_INFINITY, atMs: nowMs };
}

/**
 * Takes one call's place; `afterMs`: when there will be one, or 0 where it was taken.
 * @param perMinute as the grant of the run says that calls: of two runs of one launch, that of the later.
 */
export function takeCall(
  rate: CallRate,
  nowMs: number,
  perMinute: number,
): { readonly rate: CallRate; readonly afterMs: number } {
  const everyMs = 60_000 / perMinute;
  const gained = Math.max(0, nowMs - rate.atMs) / everyMs;
  const calls = Math.min(perMinute, rate.calls + gained);
  if (calls >= 1) return { rate: { calls: calls - 1, atMs: nowMs }, afterMs: 0 };
  return { rate: { calls, atMs: nowMs }, afterMs: Math.ceil((1 - calls) * everyMs) };
}
