// What is typed for how long something holds.

import { describe, expect, test } from '@jest/globals';
import { duration, wholeNumber } from './numbers.js';

const HOUR_MS = 3_600_000;

describe('a whole number', () => {
  const range = { min: 1, max: 64 };

  test.each([
    ['1', 1],
    ['64', 64],
    ['07', 7],
  ])('%s', (text, number) => {
    expect(wholeNumber('--machines', text, range)).toBe(number);
  });

  test.each(['0', '65', '', ' 5', '5 ', '-5', '+5', '5.0', '1e1', '0x5', '1'.repeat(16)])(
    '%j is none of 1 to 64',
    (text) => {
      const refused = { message: `--machines wants 1 to 64, not "${text}"`, exitCode: 2 };
      expect(() => wholeNumber('--machines', text, range)).toThrow(
        expect.objectContaining(refused),
      );
    },
  );

  test('is told with its unit', () => {
    const percent = { min: 0, max: 100, unit: 'percent' };
    expect(wholeNumber('--at', '0', percent)).toBe(0);
    expect(() => wholeNumber('--at', '101', percent)).toThrow('--at wants 0 to 100 percent, not');
  });
});

test.each([
  ['250ms', 250],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['1.5h', 1.5 * HOUR_MS],
  ['2d', 48 * HOUR_MS],
])('%s is %d ms wherever a duration is asked for', (text, ms) => {
  for (const orSeconds of [true, false]) {
    expect(duration('--for', text, { orSeconds })).toBe(ms);
  }
});

test('a number alone is one of seconds, where that was taken', () => {
  expect(duration('--for', '600', { orSeconds: true })).toBe(600_000);
  expect(duration('--for', '0.5', { orSeconds: true })).toBe(500);
  expect(() => duration('--for', '600')).toThrow('--for wants a duration such as 30s, 4m, 2h');
  expect(() => duration('--for', 'x', { orSeconds: true })).toThrow('wants seconds, or a duration');
});

describe('no duration, in either grammar', () => {
  test.each([
    '',
    ' ',
    '0',
    '0s',
    '0x10',
    '1e3',
    '-4h',
    '+4h',
    '4 h',
    ' 4h',
    'h',
    '4w',
    '0.3333d',
    'Infinity',
  ])('%j', (text) => {
    for (const orSeconds of [true, false]) {
      const refused = {
        message: expect.stringContaining(`not "${text}"`) as unknown,
        exitCode: 2,
      };
      expect(() => duration('--for', text, { orSeconds })).toThrow(
        expect.objectContaining(refused),
      );
    }
  });
});

test('what is longer than it may be is told how long that is', () => {
  const most = { daysMax: 14, orSeconds: true };
  expect(duration('--for', '14d', most)).toBe(14 * 24 * HOUR_MS);
  for (const text of ['14.001d', '1209601', '999999999']) {
    expect(() => duration('--for', text, most)).toThrow(`at most 14d, not "${text}"`);
  }
});
