import { beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { keepRounds, type Rounds } from './rounds.loop.js';

let clock: VirtualClock;
let rounds: Rounds;
/** Ends of rounds that were begun, in order. */
let ends: (() => void)[];

beforeEach(() => {
  clock = new VirtualClock();
  ends = [];
  rounds = keepRounds(() => new Promise((resolve) => ends.push(resolve)), { everyMs: 400, clock });
});

async function endLast(): Promise<void> {
  ends.at(-1)?.();
  for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
}

test('none before the first word, and then at their pace, counted from the end of the one before', async () => {
  rounds.hasten();
  clock.advance(1_000);
  expect(ends).toHaveLength(0);
  rounds.start();
  clock.advance(1_000);
  expect(ends).toHaveLength(1);
  await endLast();
  clock.advance(399);
  expect(ends).toHaveLength(1);
  clock.advance(1);
  expect(ends).toHaveLength(2);
});

test('what is hastened comes at once, and the pace is counted from there', async () => {
  rounds.start();
  await endLast();
  clock.advance(200);
  rounds.hasten();
  expect(ends).toHaveLength(2);
  await endLast();
  clock.advance(399);
  expect(ends).toHaveLength(2);
});

test('hastened in mid-round, however often: one more when it is over, and never two at once', async () => {
  rounds.start();
  for (let time = 0; time < 5; time += 1) rounds.hasten();
  clock.advance(10_000);
  expect(ends).toHaveLength(1);
  await endLast();
  expect(ends).toHaveLength(2);
  await endLast();
  expect(ends).toHaveLength(2);
});

test('stopped, it waits for the present one, and there is no other', async () => {
  rounds.start();
  rounds.hasten();
  let over = false;
  const stopping = rounds.stop().then(() => (over = true));
  await Promise.resolve();
  expect(over).toBe(false);
  await endLast();
  await stopping;
  rounds.hasten();
  clock.advance(10_000);
  expect(ends).toHaveLength(1);
});
