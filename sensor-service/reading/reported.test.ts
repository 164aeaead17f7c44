import { expect, test } from '@jest/globals';
import type { Instant } from './measurement.js';
import { afterReport, reportedSignals, sooner, unexpired } from './reported.js';

const at = (ms: number): Instant => ({ wallMs: 1_000_000 + ms, monotonicMs: ms });

test('saying "away" again keeps the instant at which it began', () => {
  const first = afterReport(undefined, 'away', undefined, at(10));
  const second = afterReport(first, 'away', undefined, at(500));
  expect(second?.presence).toEqual({ kind: 'away', sinceMs: 1_000_010 });
});

test('"away" after "engaged" begins anew', () => {
  const first = afterReport(undefined, 'away', undefined, at(10));
  const second = afterReport(first, 'engaged', undefined, at(20));
  expect(afterReport(second, 'away', undefined, at(30))?.presence).toEqual({
    kind: 'away',
    sinceMs: 1_000_030,
  });
});

test('"away" after an "away" that has expired begins anew', () => {
  const first = afterReport(undefined, 'away', 100, at(10));
  expect(afterReport(first, 'away', undefined, at(110))?.presence).toEqual({
    kind: 'away',
    sinceMs: 1_000_110,
  });
});

test('saying it again renews its time to live', () => {
  const first = afterReport(undefined, 'away', 100, at(0));
  const second = afterReport(first, 'away', 100, at(90));
  expect(unexpired(second, at(189))).toBe(second);
  expect(unexpired(second, at(190))).toBeUndefined();
});

test('"engaged" has its time as well, and a sleep takes from it', () => {
  const first = afterReport(undefined, 'engaged', 100, at(0));
  expect(unexpired(first, at(99))).toBe(first);
  expect(unexpired(first, at(100))).toBeUndefined();
  expect(unexpired(sooner(first, 60), at(39))?.presence).toEqual({ kind: 'engaged' });
  expect(unexpired(sooner(first, 60), at(40))).toBeUndefined();
  const forever = afterReport(undefined, 'engaged', undefined, at(0));
  expect(sooner(forever, 60)).toBe(forever);
  expect(reportedSignals(forever)).toMatchObject([{ provider: 'reported', rank: 'said' }]);
});

test('"auto" forgets, and nothing reported is no signal', () => {
  const first = afterReport(undefined, 'engaged', undefined, at(0));
  expect(afterReport(first, 'auto', undefined, at(1))).toBeUndefined();
  expect(reportedSignals(undefined)).toEqual([]);
});
