import { describe, expect, test } from '@jest/globals';
import { defaultPolicy } from '../policy/policy.js';
import { decide } from '../scheduler/decide.js';
import { policyForTraces, soon } from './comparison.js';
import { runErrand } from './machine.js';
import { traceOf } from './trace.js';

const START_MS = Date.UTC(2030, 0, 7, 12);
const HOUR_MS = 3_600_000;

describe('a section that cannot be frozen', () => {
  /** When it starts, in minutes after the machine was left alone. */
  function startsAtMinute(stepMs: number, deadlineMs: number): number {
    const away = [{ fromMs: START_MS, toMs: START_MS + 2 * HOUR_MS }];
    const endMs = START_MS + deadlineMs;
    const trace = traceOf({ device: 'd', startMs: START_MS, endMs, away, mains: away });
    const errand = { trace, arrivalMs: START_MS, deadlineMs: endMs, workMs: stepMs, stepMs };
    const policy = soon(policyForTraces(defaultPolicy, deadlineMs), 0);
    const ride = runErrand(errand, { decide, policy, reactionMs: 0 });
    return ((ride.ran[0]?.fromMs ?? Infinity) - START_MS) / 60_000;
  }

  test.each([
    [60_000, 3, 6],
    [300_000, 18, 30],
  ])('of %d ms starts %d to %d minutes after the machine was left alone', (stepMs, from, to) => {
    const minute = startsAtMinute(stepMs, 72 * HOUR_MS);
    expect(minute).toBeGreaterThanOrEqual(from);
    expect(minute).toBeLessThanOrEqual(to);
  });

  test('asks for less the nearer its deadline is', () => {
    const [soonest, sooner, latest] = [20, 40, 72 * 60].map((minutes) =>
      startsAtMinute(300_000, minutes * 60_000),
    );
    expect(soonest).toBeLessThan(sooner ?? 0);
    expect(sooner).toBeLessThan(latest ?? 0);
  });
});
