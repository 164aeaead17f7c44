import { expect, test } from '@jest/globals';
import { PAGE_BYTES_MAX, pageOf } from './page.js';

const third = Math.ceil(PAGE_BYTES_MAX / 3);

test.each([
  ['all where all fit', [1, 2, 3], 9, [1, 2, 3], true],
  ['as many as were asked for', [1, 2, 3], 2, [1, 2], false],
  ['as many as fit', [third, third, third, third], 9, [third, third], false],
  ['what fills one by itself, alone', [9 * third, 1], 9, [9 * third], false],
  ['nothing of nothing', [], 9, [], true],
])('a page has %s', async (_what, sizes, countMax, items, isLast) => {
  expect(await pageOf(sizes, countMax, (size) => size)).toEqual({ items, isLast });
});
