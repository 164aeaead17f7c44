import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reasons, type ReasonCode } from '../../conditions/reason.js';
import { defaultPolicy } from '../policy/policy.js';
import { backoffMs, isCrash } from './retry.js';

const { retry } = defaultPolicy;

describe('the wait after a failure', () => {
  test.each([
    [1, 30_000],
    [2, 60_000],
    [5, 480_000],
    [20, 18_000_000],
    [1_000_000, 18_000_000],
  ])('after %d failures is %d ms, give or take a tenth', (failureCount, aboutMs) => {
    const waitMs = backoffMs(retry, failureCount, 'run-1');
    expect(waitMs).toBeGreaterThanOrEqual(aboutMs * 0.9);
    expect(waitMs).toBeLessThanOrEqual(aboutMs * 1.1);
  });

  test('is the same for the same run, and not the same for all runs', () => {
    const waits = Array.from({ length: 50 }, (_, n) => backoffMs(retry, 3, `run-${String(n)}`));
    expect(backoffMs(retry, 3, 'run-0')).toBe(waits[0]);
    expect(new Set(waits).size).toBeGreaterThan(20);
  });

  test('never shrinks by more than the jitter, and never exceeds its cap by more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.string(), (count, seed) => {
        const [now, next] = [backoffMs(retry, count, seed), backoffMs(retry, count + 1, seed)];
        expect(next).toBeGreaterThanOrEqual(now * 0.8);
        expect(next).toBeLessThanOrEqual(retry.maxMs * 1.1);
        expect(Number.isInteger(next)).toBe(true);
      }),
    );
  });
});

test('a crash is an updater that ended, hung or was killed, not one that answered no', () => {
  const crashes = (Object.keys(reasons) as ReasonCode[]).filter(isCrash);
  expect(crashes).toEqual(['LAUNCH_FAILED', 'NEVER_SERVED', 'UPDATER_CRASHED', 'FREEZE_FAILED']);
});
