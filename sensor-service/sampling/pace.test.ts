// How fast the machine is measured, and what is left alone at rest.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Reading } from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Probe } from '../probe/probe.js';
import { flagValue, machineWide, measurement, numberValue } from '../reading/measurement.js';
import { SamplingLoop } from './loop.js';

let clock: VirtualClock;
let loop: SamplingLoop;
let asked: string[];
let published: Reading[];
/** What the probe of levels says, in percent. */
let busy: number;

const probe = (signal: 'cpu.busy' | 'power.ac', everyMs = 0): Probe => ({
  name: signal,
  subjects: [machineWide(signal)],
  everyMs,
  measure: () => {
    asked.push(signal);
    const value = signal === 'cpu.busy' ? numberValue(signal, busy) : flagValue(true);
    return [measurement(signal, 'test', value)];
  },
});

/** Lets rounds end: they wait for promises, never for time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

async function pass(ms: number, stepMs: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs);
    await settle();
  }
}

const count = (signal: string): number => asked.filter((each) => each === signal).length;

/** @returns after how many milliseconds levels were asked for again. */
async function untilAsked(): Promise<number> {
  const before = count('cpu.busy');
  let ms = 0;
  for (; count('cpu.busy') === before && ms < 10_000; ms += 1) await pass(1, 1);
  return ms;
}

beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  published = [];
  busy = 1;
  loop = new SamplingLoop({
    clock,
    log: createLog('sensor', 'silent'),
    probes: [probe('cpu.busy'), probe('power.ac')],
    everyMs: 1_000,
    publish: (readings) => published.push(...readings),
  });
});

afterEach(() => {
  loop.close();
});

describe('the pace of sampling', () => {
  test('at rest levels are left alone and edges without a signal are looked for once a minute', async () => {
    loop.hold('rest');
    await settle();
    await pass(600_000, 250);
    expect(count('cpu.busy')).toBe(0);
    expect(count('power.ac')).toBeGreaterThanOrEqual(10);
    expect(count('power.ac')).toBeLessThanOrEqual(12);
  });

  test('while an update waits everything is measured each second', async () => {
    loop.hold('wait');
    await settle();
    await pass(10_000, 250);
    expect(count('cpu.busy')).toBeGreaterThanOrEqual(10);
    expect(count('cpu.busy')).toBeLessThanOrEqual(12);
  });

  test('a run makes it ten times a second at once, and its end slows it down', async () => {
    loop.hold('wait');
    await settle();
    await pass(2_000, 50);
    asked = [];
    const run = loop.hold('run');
    await settle();
    await pass(2_000, 50);
    expect(count('cpu.busy')).toBeGreaterThanOrEqual(19);
    run.release();
    await pass(200, 50);
    asked = [];
    await pass(5_000, 50);
    expect(count('cpu.busy')).toBeLessThanOrEqual(6);
  });

  test('load that begins in a run is looked at again sooner, once; what only sways is not', async () => {
    loop.hold('run');
    await settle();
    await pass(600, 1);
    await untilAsked();
    busy = 9;
    expect(await untilAsked()).toBe(90);
    expect(await untilAsked()).toBe(90);
    busy = 30;
    expect(await untilAsked()).toBe(90);
    expect(await untilAsked()).toBe(52);
    expect(await untilAsked()).toBe(90);
  });

  test('whoever wants levels after a rest gets them measured anew', async () => {
    const wait = loop.hold('wait');
    await settle();
    loop.hold('rest');
    wait.release();
    await pass(60_000, 1_000);
    asked = [];
    const again = loop.hold('wait');
    await again.measured;
    expect([count('cpu.busy'), count('power.ac')]).toEqual([1, 1]);
  });

  test('the last one to let go puts it to sleep', async () => {
    const [rest, run] = [loop.hold('rest'), loop.hold('run')];
    await settle();
    run.release();
    rest.release();
    await settle();
    asked = [];
    await pass(20_000, 1_000);
    expect(asked).toEqual([]);
  });
});
