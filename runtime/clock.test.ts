import { performance } from 'node:perf_hooks';
import { expect, test } from '@jest/globals';
import { systemClock } from './clock.js';

/** How often this process has looked what there is to do. */
function wakeups(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}

test('timers that were cancelled wake nobody, and keep no process alive', async () => {
  const before = process.getActiveResourcesInfo().length;
  const rang: number[] = [];
  // Each has a duration of its own: those of one duration would share a wake-up.
  const cancels = Array.from({ length: 100 }, (_, index) =>
    systemClock.after(20 + index, () => rang.push(index)),
  );
  for (const cancel of cancels) cancel();
  for (const cancel of cancels) cancel();
  expect(process.getActiveResourcesInfo()).toHaveLength(before);
  const slept = wakeups();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(rang).toEqual([]);
  expect(wakeups() - slept).toBeLessThan(30);
});
