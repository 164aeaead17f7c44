// A stopwatch that stands still while a run is frozen: what is left of a time limit.

export type Stopwatch =
  | { readonly kind: 'going'; readonly usedMs: number; readonly sinceMs: number }
  | { readonly kind: 'still'; readonly usedMs: number };

export const stopped: Stopwatch = { kind: 'still', usedMs: 0 };

/** Instants are of the monotonic clock. */
export function start(watch: Stopwatch, nowMs: number): Stopwatch {
  return watch.kind === 'going' ? watch : { ...watch, kind: 'going', sinceMs: nowMs };
}

export function hold(watch: Stopwatch, nowMs: number): Stopwatch {
  return { kind: 'still', usedMs: usedMs(watch, nowMs) };
}

export function usedMs(watch: Stopwatch, nowMs: number): number {
  return watch.kind === 'still' ? watch.usedMs : watch.usedMs + Math.max(0, nowMs - watch.sinceMs);
}
