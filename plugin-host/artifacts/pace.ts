// Whether a server is too slow to go on with (T10): silence ends a connection by itself, a byte now and
// then does not.
//
// Invariant: M1. Only waiting for the server counts: not a frozen run, not the operator's limit.

/** Slower than this is a server that holds us, not one that serves (ours). */
export const BYTES_PER_S_MIN = 1_000;
/** Over so much waiting. */
export const WINDOW_MS = 30_000;

export interface Pace {
  readonly waitedMs: number;
  readonly bytes: number;
}

export const freshPace: Pace = { waitedMs: 0, bytes: 0 };

/** Adds a piece that was waited for; undefined: too slow. */
export function keepPace(pace: Pace, bytes: number, waitedMs: number): Pace | undefined {
  const next = { waitedMs: pace.waitedMs + Math.max(0, waitedMs), bytes: pace.bytes + bytes };
  if (next.waitedMs < WINDOW_MS) return next;
  return (next.bytes / next.waitedMs) * 1_000 < BYTES_PER_S_MIN ? undefined : freshPace;
}
