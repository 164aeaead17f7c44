import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { awayForChance, chanceToStayAway } from './fit.js';

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
