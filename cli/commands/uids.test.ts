import { expect, test } from '@jest/globals';
import { parseUids } from './uids.js';

test('a range is its first and its last id', () => {
  expect(parseUids('61000-61183')).toEqual({ first: 61_000, last: 61_183 });
  expect(parseUids('2000-2001')).toEqual({ first: 2_000, last: 2_001 });
});

test.each([
  '',
  '61000',
  '0-10',
  '999-2000',
  '5000-5000',
  '6000-5000',
  '1e4-2e4',
  '2000-4294967295',
])('%j is none', (text) => {
  expect(() => parseUids(text)).toThrow('--uids wants two ids');
});
