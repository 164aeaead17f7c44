import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { untilInStep } from './in-step.js';

test('whoever begins when, all of one period are woken at one instant', () => {
  const wokenAt = (beganAtMs: number): number => beganAtMs + untilInStep(9_000, beganAtMs);
  expect([0, 1, 4_500, 8_000].map(wokenAt)).toEqual([9_000, 9_000, 9_000, 9_000]);
});

test('a timer that rang early by a moment does not ring twice', () => {
  expect(untilInStep(9_000, 17_999.6)).toBeCloseTo(9_000.4);
});

test('nobody waits for much longer than a period', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1e10, noNaN: true }),
      (periodMs, nowMs) => {
        const delayMs = untilInStep(periodMs, nowMs);
        expect(delayMs).toBeGreaterThanOrEqual(periodMs * 0.1);
        expect(delayMs).toBeLessThan(periodMs * 1.1 + 1e-6);
      },
    ),
  );
});
