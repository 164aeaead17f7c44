import { expect, test } from '@jest/globals';
import { BYTES_PER_S_MIN, freshPace, keepPace, WINDOW_MS, type Pace } from './pace.js';

/** Pieces of so many bytes, each waited for so long: after how much waiting it is too slow. */
function tooSlowAfter(bytes: number, waitedMs: number): number | undefined {
  let pace: Pace | undefined = freshPace;
  for (let waited = waitedMs; waited < 10 * WINDOW_MS; waited += waitedMs) {
    pace = keepPace(pace, bytes, waitedMs);
    if (pace === undefined) return waited;
  }
  return undefined;
}

test('a byte now and then is too slow within two windows', () => {
  expect(tooSlowAfter(1, 1_000)).toBe(WINDOW_MS);
  expect(tooSlowAfter(1, WINDOW_MS - 1)).toBeLessThanOrEqual(2 * WINDOW_MS);
});

test('a slow line that is no slower than the least goes on', () => {
  expect(tooSlowAfter(BYTES_PER_S_MIN, 1_000)).toBeUndefined();
  expect(tooSlowAfter(BYTES_PER_S_MIN - 1, 1_000)).toBeDefined();
});

test('one that was fast and stops being so is not carried by what it was', () => {
  let pace = keepPace(freshPace, 1e9, WINDOW_MS);
  expect(pace).toEqual(freshPace);
  pace = keepPace(freshPace, 10, WINDOW_MS);
  expect(pace).toBeUndefined();
});
