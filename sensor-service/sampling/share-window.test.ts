import { expect, test } from '@jest/globals';
import {
  emptyWindow,
  higherShare,
  SAMPLES_MAX,
  shareOf,
  stepShareOf,
  withSample,
  type ShareWindow,
} from './share-window.js';

const SPAN_MS = 60_000;

function sampled(samples: [atMs: number, part: number][]): ShareWindow {
  return samples.reduce<ShareWindow>(
    (window, [atMs, part]) => withSample(window, { atMs, part, whole: atMs }, SPAN_MS),
    emptyWindow,
  );
}

test('one sample is no share', () => {
  expect(shareOf(emptyWindow)).toBeUndefined();
  expect(shareOf(sampled([[0, 5]]))).toBeUndefined();
});

test('right after the start the share is of the time that there is', () => {
  const window = sampled([
    [0, 0],
    [1_000, 250],
  ]);
  expect(shareOf(window)).toBe(0.25);
});

test('what is older than the window has no part in it', () => {
  const busyMinute = Array.from({ length: 61 }, (_, s): [number, number] => [s * 1_000, s * 1_000]);
  const quietMinute = Array.from({ length: 60 }, (_, s): [number, number] => [
    (61 + s) * 1_000,
    60_000,
  ]);
  expect(shareOf(sampled([...busyMinute, ...quietMinute]))).toBe(0);
});

test('a gap longer than the window leaves nothing to compare with', () => {
  const window = sampled([
    [0, 0],
    [1_000, 500],
    [90_000, 600],
  ]);
  expect(shareOf(window)).toBeUndefined();
});

test('a counter that runs backwards begins anew', () => {
  const window = sampled([
    [0, 1_000],
    [1_000, 5],
  ]);
  expect(window).toHaveLength(1);
});

test('however often it is sampled it stays small, and covers its span', () => {
  const many = Array.from({ length: 20_000 }, (_, i): [number, number] => [i * 10, i]);
  const window = sampled(many);
  expect(window.length).toBeLessThanOrEqual(SAMPLES_MAX);
  expect((window.at(-1)?.atMs ?? 0) - (window[0]?.atMs ?? 0)).toBeGreaterThan(SPAN_MS * 0.95);
  expect(shareOf(window)).toBeCloseTo(0.1);
});

test('a part that outruns its whole by a little is all of it', () => {
  const window = sampled([
    [0, 0],
    [1_000, 1_001],
  ]);
  expect(shareOf(window)).toBe(1);
});

test.each<[string, passedMs: number, part: number, share: number | undefined]>([
  ['a moment', 100, 80, 0.8],
  ['a look that is too close to be more than a tick', 49, 40, undefined],
  ['the closest one', 50, 40, 0.8],
  ['the furthest one', 500, 100, 0.2],
  ['one that the window sees anyway', 501, 100, undefined],
  ['a counter that ran backwards', 100, -1, undefined],
])('since the look before: %s', (_what, passedMs, part, share) => {
  const before = { atMs: 1_000, part: 10, whole: 5_000 };
  const after = { atMs: 1_000 + passedMs, part: 10 + part, whole: 5_000 + passedMs };
  expect(stepShareOf(before, after)).toBe(share);
  expect(stepShareOf(undefined, after)).toBeUndefined();
});

test('of two shares the higher one counts, where both are known', () => {
  expect([higherShare(0.1, 0.5), higherShare(0.5, 0.1)]).toEqual([0.5, 0.5]);
  expect([higherShare(undefined, 0.1), higherShare(0.1, undefined)]).toEqual([0.1, 0.1]);
  expect(higherShare(undefined, undefined)).toBeUndefined();
});

test('a whole that runs backwards begins anew as well', () => {
  const [first, second] = [
    { atMs: 0, part: 5, whole: 100 },
    { atMs: 1_000, part: 6, whole: 50 },
  ];
  expect(withSample([first], second, SPAN_MS)).toEqual([second]);
});
