import { expect, test } from '@jest/globals';
import { Room } from './room.js';

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
