import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Reading, Value } from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Probe } from '../probe/probe.js';
import { machineWide, measurement, type Measurement } from '../reading/measurement.js';
import { createLatest, type Latest } from './latest.js';
import { SamplingLoop } from './loop.js';

const log = createLog('sensor', 'silent');
const cores: Measurement = measurement('cpu.cores', 'test', {
  kind: 'number',
  number: 2,
});

function probeOf(measure: Probe['measure'], everyMs = 0): Probe {
  return { name: 'the probe', subjects: [machineWide('cpu.cores')], everyMs, measure };
}

let clock: VirtualClock;
let latest: Latest;
let loop: SamplingLoop | undefined;

beforeEach(() => {
  clock = new VirtualClock();
  latest = createLatest(() => undefined);
});

afterEach(() => {
  loop?.close();
});

function start(probes: Probe[]): SamplingLoop {
  const publish = (readings: readonly Reading[]): void => {
    latest.put(readings);
  };
  loop = new SamplingLoop({ clock, log, probes, everyMs: 1_000, publish, probeMsMax: 20 });
  return loop;
}

function counting(everyMs = 0): { probe: Probe; count: () => number } {
  let count = 0;
  const measure = (): Measurement[] => {
    count += 1;
    return [cores];
  };
  return { probe: probeOf(measure, everyMs), count: () => count };
}

/** Lets virtual time pass and the rounds that became due end. */
async function pass(ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 250) {
    clock.advance(250);
    await new Promise(setImmediate);
  }
}

describe('the cadence', () => {
  test('with nobody watching, nothing is measured', async () => {
    const { probe, count } = counting();
    const hold = start([probe]).hold();
    await hold.measured;
    hold.release();
    await pass(60_000);
    expect(count()).toBe(1);
  });

  test('two watchers share one cadence, until the last has gone', async () => {
    const { probe, count } = counting();
    const first = start([probe]).hold();
    const second = loop?.hold();
    await second?.measured;
    await pass(250);
    await second?.settled;
    expect(count()).toBe(2);
    first.release();
    first.release();
    await pass(10_000);
    expect(count()).toBe(12);
    second?.release();
    await pass(10_000);
    expect(count()).toBe(12);
  });

  test('what seldom changes is asked seldom, and at once after a sleep', async () => {
    const { probe, count } = counting(60_000);
    const first = start([probe]).hold();
    await first.measured;
    await pass(50_000);
    expect(count()).toBe(1);
    first.release();
    await loop?.hold().measured;
    expect(count()).toBe(2);
  });

  test('each of those that are asked seldom is asked in its own time', async () => {
    const [often, seldom] = [counting(10_000), counting(60_000)];
    start([seldom.probe, often.probe]).hold();
    await pass(61_000);
    expect([often.count(), seldom.count()]).toEqual([7, 2]);
  });

  test('closing lets go of everybody who waits', async () => {
    const hold = start([probeOf(() => new Promise(() => undefined))]).hold();
    loop?.close();
    await hold.settled;
    await loop?.hold().measured;
  });
});

describe('a probe that fails', () => {
  const valueOf = (signal: string): Value | undefined => latest.readings.get(signal)?.value;
  const other: Probe = {
    name: 'the other',
    subjects: [machineWide('memory.used')],
    everyMs: 0,
    measure: () => [measurement('memory.used', 'test', { kind: 'number', number: 3 })],
  };

  test.each<[string, Probe['measure'], RegExp]>([
    [
      'by throwing',
      () => {
        throw new Error('no such bus');
      },
      /no such bus/,
    ],
    ['by rejecting', () => Promise.reject(new Error('no such bus')), /no such bus/],
    ['by hanging', () => new Promise(() => undefined), /did not finish within 20 ms/],
    ['by saying nothing', () => [], /said nothing/],
  ])('%s makes its own signal unknown and hurts no other', async (_how, measure, why) => {
    await start([probeOf(measure), other]).hold().measured;
    expect(valueOf('cpu.cores')).toEqual({
      kind: 'unknown',
      why: expect.stringMatching(why) as unknown,
    });
    expect(valueOf('memory.used')).toEqual({ kind: 'number', number: 3 });
  });

  test('by saying half of it makes the other half unknown', async () => {
    const subjects = [machineWide('cpu.busy'), machineWide('cpu.cores')];
    const half: Probe = { ...probeOf(() => [cores]), subjects };
    await start([half]).hold().measured;
    expect(valueOf('cpu.cores')).toEqual({ kind: 'number', number: 2 });
    expect(valueOf('cpu.busy')).toEqual({ kind: 'unknown', why: 'the probe said nothing' });
  });

  test('by speaking of something else is not believed', async () => {
    const elsewhere = measurement({ signal: 'disk.free', instance: '/b' }, 'test', cores.value);
    const subjects = [{ signal: 'disk.free', instance: '/a' } as const];
    await start([{ ...probeOf(() => [elsewhere]), subjects }]).hold().measured;
    expect(valueOf('disk.free:/a')).toMatchObject({ kind: 'unknown' });
    expect(valueOf('disk.free:/b')).toBeUndefined();
  });

  test('by hanging is not asked again until it has answered', async () => {
    let asked = 0;
    let answer: (measured: Measurement[]) => void = () => undefined;
    const slow = probeOf(() => {
      asked += 1;
      return new Promise((resolve) => (answer = resolve));
    });
    const hold = start([slow]).hold();
    await hold.measured;
    await pass(5_000);
    expect(asked).toBe(1);
    answer([cores]);
    await pass(2_000);
    expect(asked).toBe(2);
    answer([cores]);
    await pass(250);
    expect(valueOf('cpu.cores')).toEqual({ kind: 'number', number: 2 });
  });

  test('by answering late is asked again when it is due, though nobody else is', async () => {
    let asked = 0;
    let answer: (measured: Measurement[]) => void = () => undefined;
    const slow = probeOf(() => {
      asked += 1;
      return new Promise((resolve) => (answer = resolve));
    }, 900);
    start([slow, counting(60_000).probe]).hold();
    await pass(3_000);
    expect(asked).toBe(1);
    answer([cores]);
    await pass(2_000);
    expect(asked).toBe(2);
  });

  test('by taking its time holds up nobody: the others are told at once, and it when it answers', async () => {
    let answer: (measured: Measurement[]) => void = () => undefined;
    const slow = probeOf(() => new Promise((resolve) => (answer = resolve)));
    const hold = start([slow, other]).hold();
    expect(valueOf('memory.used')).toEqual({ kind: 'number', number: 3 });
    expect(valueOf('cpu.cores')).toBeUndefined();
    answer([cores]);
    await hold.measured;
    expect(valueOf('cpu.cores')).toEqual({ kind: 'number', number: 2 });
  });

  test('once measures again when it can', async () => {
    let broken = true;
    const probe = probeOf(() => {
      if (broken) throw new Error('not yet');
      return [cores];
    });
    const hold = start([probe]).hold();
    await hold.measured;
    broken = false;
    await pass(1_000);
    expect(valueOf('cpu.cores')).toEqual({ kind: 'number', number: 2 });
  });
});
