import { expect, test } from '@jest/globals';
import { answeringProbe } from './answering.js';

/** When, in ms, whoever knows of a person is asked, with rounds so far apart. */
async function asked(everyMs: number, forMs: number): Promise<number[]> {
  const at: number[] = [];
  let nowMs = 0;
  const probe = answeringProbe(() => at.push(nowMs));
  for (; nowMs <= forMs; nowMs += everyMs) await probe.measure({ wallMs: 0, monotonicMs: nowMs });
  return at;
}

test('in each third of the rounds of a run', async () => {
  expect(await asked(90, 1_000)).toEqual([90, 360, 630, 900]);
});

test('every nine seconds while an update waits', async () => {
  expect(await asked(1_000, 20_000)).toEqual([1_000, 10_000, 19_000]);
});

test('not by rounds at rest', async () => {
  expect(await asked(60_000, 600_000)).toEqual([]);
});
