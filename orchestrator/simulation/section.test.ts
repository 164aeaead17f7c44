import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy } from '../policy/policy.js';
import { decide } from '../scheduler/decide.js';
import { policyForTraces, soon } from './comparison.js';
import { runErrand } from './machine.js';
import { awayForChance, askingForSections, chanceToStayAway } from './section.js';

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
      }),
    );
  });

  test('the wait for a chance is the one at which it is reached', () => {
    for (const chance of [0.5, 0.8, 0.9, 0.99]) {
      const waitS = awayForChance(chance, 600);
      expect(chanceToStayAway(waitS, 600)).toBeCloseTo(chance, 6);
    }
    expect(awayForChance(0, 600)).toBe(0);
    expect(awayForChance(1, 600)).toBe(Number.POSITIVE_INFINITY);
  });
});

test.each([
  [60_000, 3, 4],
  [300_000, 15, 20],
])('a step of %d ms waits between %d and %d minutes', (stepMs, fromMinute, toMinute) => {
  const away = [{ fromMs: START_MS, toMs: START_MS + HOUR_MS }];
  const trace = { device: 'd', startMs: START_MS, endMs: START_MS + HOUR_MS, away, mains: away };
  const errand = { trace, arrivalMs: START_MS, deadlineMs: trace.endMs, workMs: stepMs, stepMs };
  const policy = soon(policyForTraces(defaultPolicy, HOUR_MS), 0);
  const ride = runErrand(errand, { decide: askingForSections(decide), policy, reactionMs: 0 });
  const minute = ((ride.ran[0]?.fromMs ?? Infinity) - START_MS) / 60_000;
  expect(minute).toBeGreaterThan(fromMinute);
  expect(minute).toBeLessThan(toMinute);
});
