// How much an updater may write to the log: a bucket of lines that fills with time.

/** As the contract states it. */
export const LOG_BYTES_MAX = 4_096;
const LINES_PER_S = 20;

export interface LogRate {
  readonly lines: number;
  readonly atMs: number;
  /** Lines dropped since the last one that was let through. */
  readonly droppedCount: number;
}

export function fullRate(nowMs: number): LogRate {
  return { lines: LINES_PER_S, atMs: nowMs, droppedCount: 0 };
}

/** Takes one line's place. `droppedBefore` is what was dropped ahead of a line let through. */
export function takeLine(
  rate: LogRate,
  nowMs: number,
): { readonly rate: LogRate; readonly allowed: boolean; readonly droppedBefore: number } {
  const gained = (Math.max(0, nowMs - rate.atMs) * LINES_PER_S) / 1_000;
  const lines = Math.min(LINES_PER_S, rate.lines + gained);
  if (lines < 1) {
    const droppedCount = rate.droppedCount + 1;
    return { rate: { lines, atMs: nowMs, droppedCount }, allowed: false, droppedBefore: 0 };
  }
  return {
    rate: { lines: lines - 1, atMs: nowMs, droppedCount: 0 },
    allowed: true,
    droppedBefore: rate.droppedCount,
  };
}
