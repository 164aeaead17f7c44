import { describe, expect, test } from '@jest/globals';
import { Room, spareBytes } from './room.js';

test('two that fit one by one, and not together, are not both begun', () => {
  const room = new Room();
  expect(room.reserve('a', 60, 100)).toBe(true);
  expect(room.reserve('b', 60, 100)).toBe(false);
  room.release('a');
  expect(room.reserve('b', 60, 100)).toBe(true);
});

test('what has been written is not counted twice: the disk has it', () => {
  const room = new Room();
  room.reserve('a', 60, 100);
  room.used('a', 50);
  expect(room.reserve('b', 40, 50)).toBe(true);
  expect(room.reserve('c', 1, 50)).toBe(false);
});

test('another attempt speaks anew, and not besides', () => {
  const room = new Room();
  room.reserve('a', 60, 100);
  expect(room.reserve('a', 80, 100)).toBe(true);
  expect(room.reserve('b', 21, 100)).toBe(false);
});

describe('what an updater orders leaves the machine (T10)', () => {
  const bsize = 4_096;
  const blocksOf = (bytes: number): number => bytes / bsize;
  const spare = (sizeBytes: number, freeBytes: number): number =>
    spareBytes({ blocks: blocksOf(sizeBytes), bavail: blocksOf(freeBytes), bsize });

  test('a hundred megabytes of a large disk', () => {
    expect(spare(1e12, 5e9)).toBe(4.9e9);
  });

  test('a twentieth of a small one', () => {
    expect(spare(1e9, 6e8)).toBe(5.5e8);
  });

  test('and nothing less where there is less already', () => {
    expect(spare(1e12, 9e7)).toBe(0);
  });
});
