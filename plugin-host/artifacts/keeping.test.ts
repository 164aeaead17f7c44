import { describe, expect, test } from '@jest/globals';
import { abandoned, dispensable, keeping, type Kept } from './keeping.js';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const plenty = { freeBytes: 1e15, neededBytes: 0 };
const nobody = new Set<string>();

const kept = (sha256: string, daysAgo: number, sizeBytes = 1): Kept => ({
  sha256,
  sizeBytes,
  usedAtMs: NOW_MS - daysAgo * DAY_MS,
});

const after = (all: readonly Kept[], inUse = nobody, disk = plenty): readonly string[] =>
  dispensable(all, inUse, disk, NOW_MS);

describe('where there is room', () => {
  test('what nobody has used for two weeks goes', () => {
    expect(after([kept('new', 0), kept('waits', 13.9), kept('old', 14)])).toEqual(['old']);
  });

  test('never what a run has ordered', () => {
    expect(after([kept('old', 99)], new Set(['old']))).toEqual([]);
  });

  test('a store that is too large loses what was unused for longest, and no more', () => {
    const third = keeping.storedBytesMax / 3;
    const all = [kept('b', 2, third), kept('a', 3, third), kept('c', 1, third), kept('d', 4, 1)];
    expect(after(all)).toEqual(['d']);
  });

  test('so does one of too many, however small they are: each takes a name of the disk (T20)', () => {
    const many = Array.from({ length: keeping.storedCountMax - 1 }, (_, n) => kept(String(n), 0));
    expect(after([...many, kept('b', 2)])).toEqual([]);
    expect(after([...many, kept('b', 2), kept('a', 3)])).toEqual(['a']);
  });
});

describe('where the disk runs full', () => {
  const full = { freeBytes: keeping.freeBytesMin, neededBytes: 10 };

  test('the longest unused go, until what is needed fits', () => {
    expect(after([kept('a', 3, 6), kept('b', 2, 6), kept('c', 1.5, 6)], nobody, full)).toEqual([
      'a',
      'b',
    ]);
  });

  test('what was downloaded within a day waits for its install', () => {
    expect(after([kept('a', 0.9, 100)], nobody, full)).toEqual([]);
  });
});

test('a clock that was set back makes nothing old', () => {
  expect(after([kept('ahead', -400)])).toEqual([]);
});

describe('downloads that were begun', () => {
  const begun = (name: string, daysAgo: number) => ({
    name,
    sizeBytes: 1_000,
    usedAtMs: NOW_MS - daysAgo * DAY_MS,
  });

  test('go after a week', () => {
    expect(
      abandoned([begun('new', 6.9), begun('old', 7)], plenty, NOW_MS, keeping.partialMsMax),
    ).toEqual(['old']);
  });

  test('go before, oldest first, where the disk runs full, and never within a day', () => {
    const full = { freeBytes: keeping.freeBytesMin - 1_500, neededBytes: 0 };
    const all = [begun('a', 2), begun('b', 4), begun('c', 3), begun('d', 0.5)];
    expect(abandoned(all, full, NOW_MS, keeping.partialMsMax)).toEqual(['b', 'c']);
  });
});
