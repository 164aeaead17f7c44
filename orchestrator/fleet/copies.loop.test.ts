// One of three servers is behind for a moment, is gone for longer, and comes back.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { JetStreamManager } from '@nats-io/jetstream';
import { createLog, type Log } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { watchCopies, type CopiesWatch } from './copies.loop.js';

const LOOK_MS = 5_000;

let clock: VirtualClock;
let current: boolean;
let isClustered: boolean;
let said: string[];
let copies: CopiesWatch;

beforeEach(async () => {
  clock = new VirtualClock(1_000);
  [current, isClustered, said] = [true, true, []];
  const info = (): Promise<unknown> =>
    Promise.resolve({
      config: { num_replicas: 3 },
      cluster: { replicas: [{ name: 'nats-2', current, offline: !current }] },
    });
  const say = (words: string): void => void said.push(words);
  const log: Log = Object.assign(createLog('test', 'silent'), { warn: say, info: say });
  copies = watchCopies({
    jsm: { streams: { info } } as unknown as JetStreamManager,
    ...{ streams: ['LULL_JOURNAL'], wantedCount: 3, isClustered: () => isClustered, clock, log },
  });
  await looks(1);
});

afterEach(async () => {
  await copies.close();
});

async function looks(count: number): Promise<void> {
  for (let look = 0; look < count; look += 1) {
    clock.advance(LOOK_MS);
    await new Promise(setImmediate);
  }
}

test('behind for a moment: nobody is bothered', async () => {
  current = false;
  await looks(1);
  current = true;
  await looks(3);
  expect([copies.notice(), ...said]).toEqual([undefined]);
});

test('gone for longer: it is said once, for as long as it lasts, and that it is over', async () => {
  current = false;
  await looks(6);
  expect(copies.notice()).toBe('nats-2 has no copy that is up to date of LULL_JOURNAL');
  current = true;
  await looks(1);
  expect(copies.notice()).toBeUndefined();
  expect(said).toEqual([
    'nats-2 has no copy that is up to date of LULL_JOURNAL',
    'everything has its copies, and they are up to date',
  ]);
});

test('a server by itself that says it has three copies has one', async () => {
  isClustered = false;
  await looks(1);
  expect(copies.notice()).toContain('LULL_JOURNAL: 1 of the 3 copies');
});
