import { expect, test } from '@jest/globals';
import { CHANGES_MAX, listedChanges } from './listed-changes.js';

const changesOf = (count: number, path: string) =>
  Array.from({ length: count }, (_, n) => ({ path: `${String(n)}/${path}` }));

test.each([
  ['none', changesOf(0, ''), 0],
  [
    'as many as are listed, of ordinary names',
    changesOf(CHANGES_MAX, 'x'.repeat(150)),
    CHANGES_MAX,
  ],
  ['one more', changesOf(CHANGES_MAX + 1, 'x'), CHANGES_MAX],
  ['those that are left of long names', changesOf(CHANGES_MAX, 'x'.repeat(4_000)), 115],
  [
    'fewer of names that take four times as much in the journal',
    changesOf(900, '"'.repeat(4_000)),
    30,
  ],
])('of %s', (_what, changes, count) => {
  const { changes: listed, isCut } = listedChanges(changes);
  expect(listed).toEqual(changes.slice(0, count));
  expect(isCut).toBe(count < changes.length);
});
