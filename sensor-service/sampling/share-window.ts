// The share of something over a sliding window of time: busy ticks of all ticks, stalled
// microseconds of the microseconds that passed.
//
// Invariants:
//   S1. A window holds SAMPLES_MAX samples at most, however often one is taken.
//   S2. A counter that ran backwards (a reset, another device under the same name) begins anew.

/** One look at two counters that only grow. */
export interface Sample {
  readonly atMs: number;
  /** What is counted. */
  readonly part: number;
  /** What it is a part of, in the same unit. */
  readonly whole: number;
}

/** Samples, oldest first. */
export type ShareWindow = readonly Sample[];

export const SAMPLES_MAX = 62;

export const emptyWindow: ShareWindow = [];

/** `window` with `sample` added and everything older than `spanMs` dropped. */
export function withSample(window: ShareWindow, sample: Sample, spanMs: number): ShareWindow {
  const newest = window.at(-1);
  if (newest !== undefined && (sample.part < newest.part || sample.whole < newest.whole)) {
    return [sample]; // S2
  }
  let from = Math.max(0, window.length - SAMPLES_MAX + 1); // S1
  while ((window[from]?.atMs ?? Infinity) < sample.atMs - spanMs) from += 1;
  const second = from <= window.length - 2 ? window.at(-2) : undefined;
  const crowded = second !== undefined && sample.atMs - second.atMs < (2 * spanMs) / SAMPLES_MAX;
  const next = window.slice(from, crowded ? -1 : undefined);
  next.push(sample);
  return next;
}

/** The share (0 to 1) from the oldest sample to the newest; undefined until there are two. */
export function shareOf(window: ShareWindow): number | undefined {
  const oldest = window[0];
  const newest = window.at(-1);
  if (oldest === undefined || newest === undefined) return undefined;
  const whole = newest.whole - oldest.whole;
  if (whole <= 0) return undefined;
  // Counters are not read at one instant, so that the part may come out a little above the whole.
  return Math.min(1, (newest.part - oldest.part) / whole);
}

/** Looks further apart see the window move anyway; closer ones are shorter than a kernel's tick. */
const STEP_MS = { min: 50, max: 500 };

/**
 * The share since the look before, where that was a moment ago: while a run is on, load that begins is
 * seen at the next look instead of when it fills the window. Load that ends is seen by the window.
 */
export function stepShareOf(before: Sample | undefined, sample: Sample): number | undefined {
  if (before === undefined) return undefined;
  const passedMs = sample.atMs - before.atMs;
  if (passedMs < STEP_MS.min || passedMs > STEP_MS.max || sample.part < before.part)
    return undefined;
  return shareOf([before, sample]);
}

/** The higher of two shares, where there are any. */
export function higherShare(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
