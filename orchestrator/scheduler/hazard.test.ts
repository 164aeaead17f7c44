import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AGES_FROM_S, noAges, withAbsence, withReturn, type Ages } from '../world/absence-ages.js';
import { chanceToStayAway, hazardsOf } from './hazard.js';

/** What was seen of a machine whose absences lasted so long, each of them so often. */
function seen(...absences: readonly (readonly [lastedS: number, count: number])[]): Ages {
  let ages = noAges;
  for (const [lastedS, count] of absences) {
    for (let n = 0; n < count; n += 1) ages = withReturn(withAbsence(ages, 0, lastedS), lastedS);
  }
  return ages;
}

const anyAges: fc.Arbitrary<Ages> = fc.array(
  fc.record({ awayS: fc.integer({ min: 0, max: 1e6 }), returns: fc.nat(1_000) }),
  { minLength: AGES_FROM_S.length, maxLength: AGES_FROM_S.length },
);

describe('the chance that somebody stays away', () => {
  test('grows with the absence so far, and shrinks with what is asked of it, whatever was seen', () => {
    const seconds = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(anyAges, seconds, seconds, seconds, (ages, awayS, durationS, moreS) => {
        const hazards = hazardsOf(ages);
        const chance = chanceToStayAway(hazards, awayS, durationS);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        const later = chanceToStayAway(hazards, awayS + moreS, durationS);
        expect(later).toBeGreaterThanOrEqual(chance * (1 - 1e-9));
        const longer = chanceToStayAway(hazards, awayS, durationS + moreS);
        expect(longer).toBeLessThanOrEqual(chance);
        expect(chanceToStayAway(hazards, awayS, durationS, 1.4)).toBeLessThanOrEqual(chance);
      }),
    );
  });

  test('is that of the machines it was fitted to where nothing was seen', () => {
    const chances = [0, 60, 240, 3_600].map((awayS) =>
      chanceToStayAway(hazardsOf(noAges), awayS, 60),
    );
    const fitted = [0, 60, 240, 3_600].map((awayS) => ((awayS + 30) / (awayS + 90)) ** 0.434);
    chances.forEach((chance, i) => {
      expect(chance).toBeCloseTo(fitted[i] ?? 0, 1);
    });
  });

  test('is high from the start where absences have never ended early', () => {
    const ages = seen([3_000, 100]);
    expect(chanceToStayAway(hazardsOf(ages), 0, 60)).toBeGreaterThan(0.92);
    expect(chanceToStayAway(hazardsOf(noAges), 0, 60)).toBeLessThan(0.7);
  });

  test('is low for longer where most of them end after some minutes', () => {
    const ages = seen([280, 100], [20_000, 5]);
    expect(chanceToStayAway(hazardsOf(ages), 240, 60)).toBeLessThan(0.85);
    expect(chanceToStayAway(hazardsOf(noAges), 240, 60)).toBeGreaterThan(0.9);
    expect(chanceToStayAway(hazardsOf(ages), 2_000, 60)).toBeGreaterThan(0.95);
  });
});
