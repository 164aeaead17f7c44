import { expect, test } from '@jest/globals';
import { ATTEMPTS_MAX, nextTry, PATIENCE_MS } from './patience.js';

const failure = { why: 'answered 503', retryAfterMs: undefined };

test('waits double, are spread, and end', () => {
  const waits = [1, 2, 3, 4].map((attemptCount) =>
    nextTry({ attemptCount, waitedMs: 0 }, failure, 0.5),
  );
  expect(waits).toEqual([500, 1_000, 2_000, 4_000].map((afterMs) => ({ kind: 'again', afterMs })));
  expect(nextTry({ attemptCount: 1, waitedMs: 0 }, failure, 0)).toMatchObject({ afterMs: 250 });
  expect(nextTry({ attemptCount: ATTEMPTS_MAX, waitedMs: 0 }, failure, 0)).toMatchObject({
    kind: 'give-up',
  });
});

test('a server may ask for as long as patience is left', () => {
  const asks = (retryAfterMs: number, waitedMs: number): string =>
    nextTry({ attemptCount: 1, waitedMs }, { ...failure, retryAfterMs }, 0).kind;
  expect(asks(PATIENCE_MS, 0)).toBe('again');
  expect(asks(PATIENCE_MS, 1)).toBe('give-up');
});
