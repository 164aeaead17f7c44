import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOURS_PER_WEEK, learn, noRhythm, returnsOverOwn } from './rhythm.js';

const active = { fromHour: 8, toHour: 17 };
const HOUR_S = 3_600;
const MONDAY_3AM = 27 * 60;
const MONDAY_10AM = 34 * 60;

describe('how soon absences end, over how soon they do in other hours', () => {
  test('people are expected in active hours until the rhythm is learnt', () => {
    const night = returnsOverOwn(noRhythm, MONDAY_3AM, 600, active);
    expect(night).toBeLessThan(1);
    expect(returnsOverOwn(noRhythm, MONDAY_10AM, 600, active)).toBeGreaterThan(1);
  });

  test('where they lie across midnight, the night is when people are expected', () => {
    const late = { fromHour: 22, toHour: 6 };
    expect(returnsOverOwn(noRhythm, MONDAY_3AM, 600, late)).toBeGreaterThan(1);
    expect(returnsOverOwn(noRhythm, MONDAY_3AM - 4 * 60 - 1, 600, late)).toBeGreaterThan(1);
    expect(returnsOverOwn(noRhythm, MONDAY_10AM, 600, late)).toBeLessThan(1);
  });

  test('an hour in which somebody kept coming back counts as a worse one', () => {
    let rhythm = noRhythm;
    for (let week = 0; week < 4; week += 1) {
      rhythm = learn(rhythm, 27, { awayS: 0.5 * HOUR_S, returns: 6 });
    }
    expect(returnsOverOwn(rhythm, MONDAY_3AM, 600, active)).toBe(1.4);
  });

  test('an hour in which nobody ever came back counts as a better one, whatever was expected', () => {
    let rhythm = noRhythm;
    for (let week = 0; week < 8; week += 1)
      rhythm = learn(rhythm, 34, { awayS: HOUR_S, returns: 0 });
    expect(returnsOverOwn(rhythm, MONDAY_10AM, 600, active)).toBeLessThan(0.7);
  });

  test('how soon they end in all hours is not said twice: their ages tell it', () => {
    const always = (returns: number): number => {
      let rhythm = noRhythm;
      for (let week = 0; week < 26; week += 1) {
        for (let hour = 0; hour < HOURS_PER_WEEK; hour += 1) {
          rhythm = learn(rhythm, hour, { awayS: HOUR_S, returns });
        }
      }
      return returnsOverOwn(rhythm, MONDAY_10AM, 600, active);
    };
    expect(always(12) / always(3)).toBeGreaterThan(0.8);
    expect(always(12) / always(3)).toBeLessThan(1.25);
  });

  test('a section that crosses into a bad hour is as bad as their mean', () => {
    let rhythm = noRhythm;
    for (let week = 0; week < 4; week += 1) {
      rhythm = learn(rhythm, 27, { awayS: 0.5 * HOUR_S, returns: 2 });
    }
    const within = returnsOverOwn(rhythm, MONDAY_3AM - 40, 600, active);
    const across = returnsOverOwn(rhythm, MONDAY_3AM - 5, 600, active);
    expect(across).toBeGreaterThan(within);
  });

  test.each([
    ['at three at night', MONDAY_3AM, 0.9],
    ['at ten', MONDAY_10AM, 1.1],
    ['in the last minute before they are active', MONDAY_10AM - 121, 0.9],
    ['in the first one in which they are', MONDAY_10AM - 120, 1.1],
    ['in the last one', MONDAY_10AM + 419, 1.1],
    ['in the first one after it', MONDAY_10AM + 420, 0.9],
  ])('before anything is seen, %s', (_when, minute, ratio) => {
    expect(returnsOverOwn(noRhythm, minute, 1, active)).toBeCloseTo(ratio, 10);
  });

  test('half of a section before eight, half of it after', () => {
    expect(returnsOverOwn(noRhythm, MONDAY_10AM - 125, 600, active)).toBeCloseTo(1, 10);
    const lateOnSaturday = HOURS_PER_WEEK * 60 - 5;
    const sundays = { fromHour: 0, toHour: 24 };
    expect(returnsOverOwn(noRhythm, lateOnSaturday, 600, sundays)).toBeCloseTo(1.1, 10);
  });

  test('four hours seen of each count as much as what was expected of it', () => {
    const returns = 2 * 1.7 * 4; // Twice as many as usual.
    const rhythm = noRhythm.map(() => ({ awayS: 4 * HOUR_S, returns }));
    const own = (HOURS_PER_WEEK * 8 + 240) / (HOURS_PER_WEEK * 4 + 240);
    const expected = (8 + own * 1.1 * 4) / 8 / own;
    expect(returnsOverOwn(rhythm, MONDAY_10AM, 600, active)).toBeCloseTo(expected, 10);
  });

  test('it stays within its bounds, whatever was seen and is asked', () => {
    const hour = fc.record({ awayS: fc.nat(HOUR_S), returns: fc.nat(1_000) });
    const hours = fc.array(hour, { minLength: HOURS_PER_WEEK, maxLength: HOURS_PER_WEEK });
    const minute = fc.nat(HOURS_PER_WEEK * 60 - 1);
    fc.assert(
      fc.property(hours, minute, fc.nat(10_000_000), (rhythm, at, durationS) => {
        const ratio = returnsOverOwn(rhythm, at, durationS, active);
        expect(ratio).toBeGreaterThanOrEqual(0.1);
        expect(ratio).toBeLessThanOrEqual(1.4);
      }),
      { numRuns: 50 },
    );
  });
});
