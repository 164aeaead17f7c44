// Much of a journal is read in pieces.

import { expect, test } from '@jest/globals';
import { genesis, type StoredEntry } from './chain.js';
import { after } from './entries.testing.js';
import { piecesOf } from './unhurried.loop.js';

const COUNT = 5_000;
const entries = after(genesis, COUNT);
/** Answers at once, as what is in memory does: nothing but the reader gives the loop back. */
const journal = {
  read: (from: number, count: number): Promise<readonly StoredEntry[]> =>
    Promise.resolve(entries.slice(from - 1, from - 1 + count)),
};

test('a stretch is given once and in order, and no further than it goes', async () => {
  const given: number[] = [];
  for await (const piece of piecesOf(journal, 700, 1_900)) {
    expect(piece.length).toBeLessThanOrEqual(64);
    given.push(...piece.map(({ sequence }) => sequence));
  }
  expect(given).toEqual(Array.from({ length: 1_201 }, (_, n) => 700 + n));
});
