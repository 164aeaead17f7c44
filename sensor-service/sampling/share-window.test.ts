import { expect, test } from '@jest/globals';
import { emptyWindow, SAMPLES_MAX, shareOf, withSample, type ShareWindow } from './share-window.js';

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
