// What a fleet keeps on its server goes, comes back, and is out of reach.

import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { watchStores } from './stores.loop.js';

const LOOK_MS = 2_000;

let clock: VirtualClock;
let present: boolean | 'out of reach';
let lookedCount: number;
let toldCount: number;
let mendedCount: number;
let stores: Closeable;

beforeEach(() => {
  clock = new VirtualClock(1_000);
  [present, lookedCount, toldCount, mendedCount] = [true, 0, 0, 0];
  const info = (): Promise<unknown> => {
    lookedCount += 1;
    if (present === true) return Promise.resolve({});
    const code = JetStreamApiCodes.StreamNotFound;
    const missing = { code: 404, err_code: code, description: 'stream not found' };
    return Promise.reject(
      present === false ? new JetStreamApiError(missing) : new Error('the server is out of reach'),
    );
  };
  const words = (): string => {
    toldCount += 1;
    return 'it is gone';
  };
  const mend = (): void => {
    mendedCount += 1;
  };
  stores = watchStores({
    jsm: { streams: { info } } as unknown as JetStreamManager,
    stores: [{ stream: 'STREAM', words, mend }],
    ...{ clock, log: createLog('test', 'silent') },
  });
});

afterEach(() => stores.close());

async function looks(count: number): Promise<void> {
  for (let look = 0; look < count; look += 1) {
    clock.advance(LOOK_MS);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

test('it is told once for each time that it went, and mended at each look that does not find it', async () => {
  await looks(2);
  expect([toldCount, mendedCount]).toEqual([0, 0]);
  present = false;
  await looks(3);
  expect([toldCount, mendedCount]).toEqual([1, 3]);
  present = true;
  await looks(1);
  present = false;
  await looks(1);
  expect([toldCount, mendedCount]).toEqual([2, 4]);
});

test('a server out of reach has lost nothing', async () => {
  present = 'out of reach';
  await looks(3);
  expect([lookedCount, toldCount, mendedCount]).toEqual([3, 0, 0]);
});

test('closed is closed', async () => {
  await looks(1);
  await stores.close();
  await looks(2);
  expect(lookedCount).toBe(1);
});
