import { expect, test } from '@jest/globals';
import { readingKey, type Readings, type Value } from '../../conditions/reading.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { noLimits, type NetworkLimits } from './allowance.js';
import { createIntake } from './intake.loop.js';

function readingsOf(signal: 'presence' | 'network.metered', value: Value): Readings {
  const observed = { observedAtMs: 0, observedMonotonicNs: 0n, source: 'test' };
  return new Map([[readingKey(signal, ''), { signal, instance: '', value, ...observed }]]);
}

const away = readingsOf('presence', { kind: 'presence', presence: { kind: 'away', sinceMs: 0 } });
const engaged = readingsOf('presence', { kind: 'presence', presence: { kind: 'engaged' } });
const metered = readingsOf('network.metered', { kind: 'word', word: 'yes' });
const free = readingsOf('network.metered', { kind: 'word', word: 'no' });

function rig(limits: Partial<NetworkLimits>, first: Readings) {
  const clock = new VirtualClock();
  const intake = createIntake({ clock });
  const state = { readings: first };
  const ending = new AbortController();
  const run = { readings: () => state.readings, over: ending.signal };
  const open = (runId = 'r') => intake.of({ ...run, runId, limits: { ...noLimits, ...limits } });
  return { clock, state, ending, open };
}

/** Moves the clock on until the promise settles. @returns how long that took. */
async function lasted(clock: VirtualClock, promise: Promise<void>): Promise<number> {
  const startMs = clock.now().monotonicMs;
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  for (let steps = 0; steps < 10_000; steps += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (state.settled) return clock.now().monotonicMs - startMs;
    clock.advance(10);
  }
  throw new Error('it never settled');
}

test('what one run takes, the other waits for as well: a line that is shared is not filled unseen, as by BITS', async () => {
  const { clock, open } = rig({ bytesPerSMax: 1_000 }, away);
  const [one, other] = [open(), open()];
  expect(await lasted(clock, one(1_000))).toBeGreaterThanOrEqual(940);
  const both = Promise.all([one(1_000), other(1_000)]).then(() => undefined);
  expect(await lasted(clock, both)).toBeGreaterThanOrEqual(1_940);
});

test('a person who leaves lifts the limit while it is waited for', async () => {
  const { clock, state, open } = rig({ engagedBytesPerSMax: 10 }, engaged);
  const taking = open()(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  state.readings = away;
  expect(await lasted(clock, taking)).toBeLessThanOrEqual(510);
});

test('a run that is over waits for nothing', async () => {
  const { clock, ending, open } = rig({ bytesPerSMax: 1 }, away);
  const taking = open()(1_000_000);
  ending.abort();
  expect(await lasted(clock, taking)).toBe(0);
});

test('on a metered network a run may take so much, over all of its connections', async () => {
  const { state, open } = rig({ meteredBytesMax: 100 }, metered);
  const take = open();
  await take(60);
  state.readings = free;
  await take(1_000);
  state.readings = metered;
  await take(40);
  await expect(take(1)).rejects.toMatchObject({ code: 'METERED' });
  await expect(open('another')(100)).resolves.toBeUndefined();
});

test('another attempt at the same run has no more of it; where nobody pays, it goes on', async () => {
  const { state, open } = rig({ meteredBytesMax: 100 }, metered);
  await open()(90);
  await expect(open()(20)).rejects.toMatchObject({ code: 'METERED' });
  await expect(open()(0)).rejects.toMatchObject({ code: 'METERED' });
  state.readings = free;
  await expect(open()(1_000)).resolves.toBeUndefined();
});
