// Work over a hundred thousand entries, cut into slices: whoever does it lets others go first at each
// `yield`. On the loop that holds the guard nothing lasts longer than a slice.

/** Gives way at each step; its return value is the result. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** Entries looked at in one go: below a millisecond. */
export const SLICE = 1_000;

export function* eachOf<T>(items: readonly T[], act: (item: T) => void): Sliced<void> {
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) yield;
    for (const item of items.slice(at, at + SLICE)) act(item);
  }
}

/** In order: runs of one slice are sorted, and merged with their neighbours until one run is left. */
export function* sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): Sliced<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) yield;
    runs.push(items.slice(at, at + SLICE).sort(compare));
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      longer.push(yield* merged(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merged<T>(
  one: readonly T[],
  other: readonly T[],
  compare: (a: T, b: T) => number,
): Sliced<T[]> {
  const all: T[] = [];
  let [at, otherAt] = [0, 0];
  while (at < one.length || otherAt < other.length) {
    const [next, otherNext] = [one[at], other[otherAt]];
    const takesOther =
      at === one.length || (otherAt < other.length && compare(otherNext as T, next as T) < 0);
    all.push((takesOther ? otherNext : next) as T);
    if (takesOther) otherAt += 1;
    else at += 1;
    if (all.length % SLICE === 0) yield;
  }
  return all;
}
