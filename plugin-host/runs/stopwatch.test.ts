import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hold, start, stopped, usedMs } from './stopwatch.js';

test('it counts while it goes and stands still while it is held', () => {
  const going = start(stopped, 100);
  expect(usedMs(going, 130)).toBe(30);
  const held = hold(going, 150);
  expect(usedMs(held, 1_000_000)).toBe(50);
  expect(usedMs(start(held, 2_000), 2_010)).toBe(60);
});

test('starting what goes, and holding what stands, changes nothing', () => {
  const going = start(stopped, 100);
  expect(start(going, 140)).toBe(going);
  const held = hold(going, 150);
  expect(usedMs(hold(held, 900), 900)).toBe(50);
});

test('what was used is the sum of the stretches in which it went, and never shrinks', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(10_000)));
  fc.assert(
    fc.property(steps, (all) => {
      let [watch, nowMs, goes, sum] = [stopped, 0, false, 0];
      for (const [go, afterMs] of all) {
        nowMs += afterMs;
        if (goes) sum += afterMs;
        goes = go;
        watch = go ? start(watch, nowMs) : hold(watch, nowMs);
        expect(usedMs(watch, nowMs)).toBe(sum);
      }
    }),
  );
});
