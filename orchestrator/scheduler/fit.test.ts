import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chanceToStayAway } from './fit.js';

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
});
