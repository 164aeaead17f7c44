import { expect, test } from '@jest/globals';
import { CALLS_PER_S, silence, takeUp, type Talk } from './talk.js';

test('calls are taken up at once, and later ones as fast as they are paid off', () => {
  let talk: Talk = silence;
  const waits: number[] = [];
  for (let call = 0; call < CALLS_PER_S + 3; call += 1) {
    const taken = takeUp(talk, 1_000);
    talk = taken.talk;
    waits.push(taken.waitMs);
  }
  expect(waits.slice(0, CALLS_PER_S).every((ms) => ms === 0)).toBe(true);
  expect(waits.slice(CALLS_PER_S)).toEqual([5, 10, 15]);
  // A second of silence pays for as many again.
  expect(takeUp(talk, 1_000 + 1_015).waitMs).toBe(0);
});

test('nobody waits for long, however many were given up before', () => {
  let talk: Talk = silence;
  for (let call = 0; call < 100_000; call += 1) ({ talk } = takeUp(talk, 0));
  expect(takeUp(talk, 0).waitMs).toBe(2_000);
});
