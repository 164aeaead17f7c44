import { expect, test } from '@jest/globals';
import { activeWindow, WORDS_MAX, wordsOf } from './window-state.js';

const words = (...numbers: number[]): Buffer => {
  const data = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, at) => data.writeUInt32LE(number, at * 4));
  return data;
};

test('the active window is the first number; a desktop without one says 0 or nothing', () => {
  expect(activeWindow({ format: 32, data: words(0x1_40_00_07, 0) })).toBe(0x1_40_00_07);
  expect(activeWindow({ format: 32, data: words(0) })).toBe(0);
  expect(activeWindow({ format: 0, data: Buffer.alloc(0) })).toBeUndefined();
});

test.each<[string, number, Buffer, readonly number[] | undefined]>([
  ['a window without states', 0, Buffer.alloc(0), []],
  ['two states', 32, words(5, 6), [5, 6]],
  ['a number that is cut', 32, words(5, 6).subarray(0, 7), [5]],
  ['text', 8, Buffer.from('full'), undefined],
  ['a format that there is not', 7, words(1), undefined],
])('%s', (_what, format, data, expected) => {
  expect(wordsOf({ format, data })).toEqual(expected);
});

test('more states than any window has are not read', () => {
  const many = words(...Array.from({ length: 1_000 }, (_, n) => n));
  expect(wordsOf({ format: 32, data: many })).toHaveLength(WORDS_MAX);
});
