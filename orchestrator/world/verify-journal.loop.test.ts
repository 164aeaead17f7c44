// Somebody has a long journal verified, and everybody else on the loop goes on.

import { expect, test } from '@jest/globals';
import { genesis, type StoredEntry } from '../journal/chain.js';
import { after, headOf } from '../journal/entries.testing.js';
import { verifyJournal } from './verify-journal.loop.js';

const COUNT = 5_000;
const entries = after(genesis, COUNT);
/** Answers at once, as what is in memory does: nothing but the reader gives the loop back. */
const journal = {
  read: (from: number, count: number): Promise<readonly StoredEntry[]> =>
    Promise.resolve(entries.slice(from - 1, from - 1 + count)),
};

/** How often others had a turn. */
async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false as boolean;
  const turn = (): void => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await act();
  over = true;
  return turns;
}

test('a long journal is verified in pieces, and others have a turn after each', async () => {
  const turns = await turnsDuring(async () => {
    expect(await verifyJournal(journal, headOf(entries))).toMatchObject({ kind: 'whole' });
  });
  expect(turns).toBeGreaterThan(COUNT / 100);
});

test('where the journal ends early, the verdict says what is missing', async () => {
  const known = { sequence: COUNT + 3, hash: 'x' };
  expect(await verifyJournal(journal, known)).toMatchObject({
    kind: 'broken',
    why: `entry ${String(COUNT + 1)} is missing`,
  });
});
