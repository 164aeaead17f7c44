// What may be on a disk whose power was cut, by what it was told until then.

import { expect, test } from '@jest/globals';
import { chanceFrom } from '../../orchestrator/simulation/seeded.js';
import { flushRecord, imageAfter, imageWithLosses, readLog, writeRecord } from './write-log.js';

const SECTOR = 512;
const first = Buffer.alloc(4 * SECTOR);
const sectors = (byte: number, count = 1): Buffer => Buffer.alloc(count * SECTOR, byte);
const log = Buffer.concat([
  writeRecord(0, sectors(1)),
  flushRecord(),
  writeRecord(SECTOR, sectors(2, 2)),
  writeRecord(3 * SECTOR, sectors(3)),
]);
const told = readLog(log);

/** The first byte of each sector. */
const shown = (image: Buffer): number[] =>
  Array.from({ length: image.byteLength / SECTOR }, (_, at) => image[at * SECTOR] ?? -1);

test('a log says what was written where, in order, and how far it went', () => {
  expect(told.map(({ write }) => write?.offset)).toEqual([0, undefined, SECTOR, 3 * SECTOR]);
  expect(told.at(-1)?.logBytes).toBe(log.byteLength);
});

test('in order, what was told until the cut has landed', () => {
  expect([0, 1, 3, 4].map((count) => shown(imageAfter(first, told, count)))).toEqual([
    [0, 0, 0, 0],
    [1, 0, 0, 0],
    [1, 2, 2, 0],
    [1, 2, 2, 3],
  ]);
  expect(shown(first)).toEqual([0, 0, 0, 0]);
});

test('nothing is lost from before the last flush, and after it each sector may be', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 200; seed += 1) {
    seen.add(shown(imageWithLosses(first, told, 4, chanceFrom(seed))).join(''));
  }
  const expected = [0, 2].flatMap((one) =>
    [0, 2].flatMap((two) => [0, 3].map((three) => `1${String(one)}${String(two)}${String(three)}`)),
  );
  expect([...seen].sort()).toEqual(expected.sort());
});
