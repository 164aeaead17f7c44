import { performance } from 'node:perf_hooks';
import { expect, test } from '@jest/globals';
import { systemClock } from './clock.js';

/** How often this process looks what there is to do, in a time that is enough for all timers below. */
async function wakeups(): Promise<number> {
  const before = performance.nodeTiming.uvMetricsInfo.loopCount;
  await new Promise((resolve) => setTimeout(resolve, 150));
  return performance.nodeTiming.uvMetricsInfo.loopCount - before;
}

test('timers that were cancelled wake nobody, and keep no process alive', async () => {
  const others = await wakeups(); // Of whoever else lives in this process.
  const before = process.getActiveResourcesInfo().length;
  const rang: number[] = [];
  // Each has a duration of its own: those of one duration would share a wake-up.
  const cancels = Array.from({ length: 100 }, (_, index) =>
    systemClock.after(20 + index, () => rang.push(index)),
  );
  for (const cancel of cancels) cancel();
  for (const cancel of cancels) cancel();
  expect(process.getActiveResourcesInfo()).toHaveLength(before);
  expect((await wakeups()) - others).toBeLessThan(50);
  expect(rang).toEqual([]);
});
