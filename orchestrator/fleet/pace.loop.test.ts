// Machines that become ready together.

import { beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { createPace, type Pace } from './pace.loop.js';

const MACHINES = 1_000;
let clock: VirtualClock;
let pace: Pace;
let begun: string[];

beforeEach(() => {
  clock = new VirtualClock(1_000);
  pace = createPace(clock);
  begun = [];
});

/** Asks, and again whenever it is woken. */
function ready(machine: string): () => void {
  const wake = (): void => {
    if (pace.mayStart(wake)) begun.push(machine);
  };
  wake();
  return wake;
}

test('some begin at once, and the others a few at a time, in the order in which they came', () => {
  const names = Array.from({ length: MACHINES }, (_, n) => `m${String(n)}`);
  for (const name of names) ready(name);
  expect(begun).toEqual(names.slice(0, 64));
  clock.advance(1_000);
  expect(begun.length).toBeGreaterThanOrEqual(64 + 31);
  expect(begun.length).toBeLessThanOrEqual(64 + 32);
  clock.advance(30_000);
  expect(begun).toEqual(names);
});

test('one that asks while it waits keeps its place and has no second one', () => {
  for (let n = 0; n < 64; n += 1) ready(`m${String(n)}`);
  const again = ready('waits');
  ready('comes later');
  for (let asked = 0; asked < 5; asked += 1) again();
  clock.advance(10_000);
  expect(begun.slice(64)).toEqual(['waits', 'comes later']);
});

test('who does not want to any more when its turn has come keeps nobody waiting', () => {
  for (let n = 0; n < 64; n += 1) ready(`m${String(n)}`);
  pace.mayStart(() => undefined);
  ready('next');
  clock.advance(100);
  expect(begun.at(-1)).toBe('next');
});

test('a machine by itself never waits: what it begins in a day is far below', () => {
  for (let hour = 0; hour < 24; hour += 1) {
    for (let n = 0; n < 40; n += 1) ready(`${String(hour)} ${String(n)}`);
    clock.advance(3_600_000);
  }
  expect(begun).toHaveLength(24 * 40);
});
