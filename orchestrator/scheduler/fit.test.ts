import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy } from '../policy/policy.js';
import { policyForTraces, soon } from '../simulation/comparison.js';
import { runErrand } from '../simulation/machine.js';
import { decide } from './decide.js';
import { awayForChance, chanceToStayAway } from './fit.js';

const START_MS = Date.UTC(2030, 0, 7, 12);
const HOUR_MS = 3_600_000;

describe('the chance that somebody stays away', () => {
  test('grows with the absence so far, and shrinks with what is asked of it', () => {
    const seconds = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(seconds, seconds, seconds, (awayS, durationS, moreS) => {
        const chance = chanceToStayAway(awayS, durationS);
        expect(chance).toBeGreaterThan(0);
        expect(chance).toBeLessThanOrEqual(1);
        expect(chanceToStayAway(awayS + moreS, durationS)).toBeGreaterThanOrEqual(chance);
        expect(chanceToStayAway(awayS, durationS + moreS)).toBeLessThanOrEqual(chance);
        expect(chanceToStayAway(awayS, durationS, 1.4)).toBeLessThanOrEqual(chance);
      }),
    );
  });

  test('the wait for a chance is the one at which it is reached', () => {
    for (const ratio of [0.7, 1, 1.4]) {
      for (const chance of [0.5, 0.8, 0.9, 0.99]) {
        const waitS = awayForChance(chance, 600, ratio);
        expect(chanceToStayAway(waitS, 600, ratio)).toBeCloseTo(chance, 6);
      }
    }
    expect(awayForChance(0, 600)).toBe(0);
    expect(awayForChance(1, 600)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a section that cannot be frozen', () => {
  /** When it starts, in minutes after the machine was left alone. */
  function startsAtMinute(stepMs: number, deadlineMs: number): number {
    const away = [{ fromMs: START_MS, toMs: START_MS + 2 * HOUR_MS }];
    const endMs = START_MS + deadlineMs;
    const trace = { device: 'd', startMs: START_MS, endMs, away, mains: away };
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
