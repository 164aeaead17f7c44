// What is typed for a time of the day.

import { describe, expect, test } from '@jest/globals';
import { CommandError } from '../failure.js';
import { nextClock } from './orders.js';

describe('a time of the day is the next instant at which the clock shows it', () => {
  const now = new Date(2030, 5, 1, 22, 30, 15);

  test.each<[string, Date]>([
    ['22:31', new Date(2030, 5, 1, 22, 31)],
    ['23:59', new Date(2030, 5, 1, 23, 59)],
    // Past, or this very minute: tomorrow.
    ['22:30', new Date(2030, 5, 2, 22, 30)],
    ['03:00', new Date(2030, 5, 2, 3, 0)],
    ['3:00', new Date(2030, 5, 2, 3, 0)],
    ['00:00', new Date(2030, 5, 2, 0, 0)],
  ])('%s', (text, at) => {
    expect(nextClock(text, now)).toBe(at.getTime());
  });

  test('over the end of a year', () => {
    const eve = new Date(2030, 11, 31, 23, 0);
    expect(nextClock('03:00', eve)).toBe(new Date(2031, 0, 1, 3, 0).getTime());
  });

  test.each(['24:00', '12:60', '3', '03:00:00', '', 'noon', '-1:00'])('"%s" is none', (text) => {
    expect(() => nextClock(text, now)).toThrow(CommandError);
  });
});
