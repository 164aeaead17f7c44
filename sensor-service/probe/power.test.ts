// How often, and how many at a time, the attributes of power supplies are asked for: each is a question to a
// controller, and two wake-ups.

import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { createFakeMachine, valueOf, type FakeMachine } from './fake-machine.testing.js';
import { powerProbe } from './power.js';

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

const laptop = {
  AC: { type: 'Mains', online: '1' },
  BAT0: { type: 'Battery', scope: 'System', present: '1', status: 'Charging', capacity: '71' },
  mouse: { type: 'Battery', scope: 'Device', present: '1', status: 'Discharging', capacity: '3' },
};

let machine: FakeMachine;
let asked: string[];
let supplies: Record<string, Record<string, string>>;

beforeEach(() => {
  machine = createFakeMachine();
  asked = [];
  supplies = structuredClone(laptop);
  for (const name of Object.keys(supplies)) {
    mkdirSync(join(machine.sysRoot, 'class/power_supply', name));
  }
});

afterEach(() => {
  machine.close();
});

const read = (path: string): Promise<string | undefined> => {
  const [supply, attribute] = [basename(join(path, '..')), basename(path)];
  asked.push(`${supply}/${attribute}`);
  return Promise.resolve(supplies[supply]?.[attribute]);
};

/** What was asked for since the last look. */
function askedFor(): string[] {
  return asked.splice(0).toSorted();
}

const change = (name: string, attributes: Record<string, string>): void => {
  supplies[name] = { ...supplies[name], ...attributes };
};

test('a laptop is asked each second whether it is plugged in, seldom how full it is, and a mouse never', async () => {
  const probe = powerProbe(machine.sysRoot, undefined, read);
  expect(await valueOf(probe, 'power.battery', 0)).toEqual({ kind: 'number', number: 71 });
  expect(asked).not.toContain('mouse/capacity');
  askedFor();
  change('BAT0', { capacity: '72' });
  expect(await valueOf(probe, 'power.ac', 900)).toEqual(yes);
  expect(askedFor()).toEqual(['AC/online']);
  change('AC', { online: '0' });
  change('BAT0', { status: 'Discharging' });
  expect(await valueOf(probe, 'power.ac', 1_800)).toEqual(no);
  expect(askedFor()).toEqual(['AC/online', 'BAT0/capacity', 'BAT0/present', 'BAT0/status']);
  change('BAT0', { capacity: '70' });
  expect(await valueOf(probe, 'power.battery', 11_700)).toEqual({ kind: 'number', number: 70 });
});

test('an empty bay is no battery, and one that is filled counts at once', async () => {
  supplies = { ...supplies, BAT1: { ...laptop.BAT0, present: '0', capacity: '' } };
  mkdirSync(join(machine.sysRoot, 'class/power_supply/BAT1'));
  const probe = powerProbe(machine.sysRoot, undefined, read);
  expect(await valueOf(probe, 'power.battery', 0)).toEqual({ kind: 'number', number: 71 });
  change('BAT1', { present: '1', capacity: '91' });
  expect(await valueOf(probe, 'power.battery', 9_900)).toEqual({ kind: 'number', number: 81 });
});

test('a battery that is put in is asked at once, and supplies that are gone are none', async () => {
  const probe = powerProbe(machine.sysRoot, undefined, read);
  await valueOf(probe, 'power.battery', 0);
  supplies['BAT1'] = { ...laptop.BAT0, capacity: '91' };
  mkdirSync(join(machine.sysRoot, 'class/power_supply/BAT1'));
  expect(await valueOf(probe, 'power.battery', 900)).toEqual({ kind: 'number', number: 81 });
  for (const name of Object.keys(supplies)) machine.remove(`sys/class/power_supply/${name}`);
  expect(await valueOf(probe, 'power.battery', 1_800)).toMatchObject({ why: 'no battery' });
  expect(await valueOf(probe, 'power.ac', 1_800)).toEqual(yes);
  machine.remove('sys/class/power_supply');
  expect(await valueOf(probe, 'power.ac', 2_700)).toMatchObject({
    why: expect.stringMatching(/does not exist; mount \/sys$/) as unknown,
  });
});

test('what is told of mains alone is no word on the battery: it is looked at as ever', async () => {
  for (const told of ['power.ac', 'power.battery']) {
    const probe = powerProbe(machine.sysRoot, (signal) => signal === told, read);
    await valueOf(probe, 'power.ac', 0);
    askedFor();
    await valueOf(probe, 'power.ac', 900);
    expect(asked).toEqual(['AC/online']);
  }
});

test('a tablet, which has no adapter of its own, is asked each second whether it discharges', async () => {
  supplies = { BAT0: { ...laptop.BAT0 } };
  const probe = powerProbe(machine.sysRoot, undefined, read);
  expect(await valueOf(probe, 'power.ac', 0)).toMatchObject({ kind: 'unknown' });
  machine.remove('sys/class/power_supply/AC');
  machine.remove('sys/class/power_supply/mouse');
  expect(await valueOf(probe, 'power.ac', 900)).toEqual(yes);
  change('BAT0', { status: 'Discharging' });
  expect(await valueOf(probe, 'power.ac', 1_800)).toEqual(no);
});

test('what UPower tells is looked at seldom, and stands in at once when UPower ends', async () => {
  let isTold = true;
  const probe = powerProbe(machine.sysRoot, () => isTold, read);
  await valueOf(probe, 'power.ac', 0);
  askedFor();
  expect(await valueOf(probe, 'power.ac', 9_000)).toEqual(yes);
  expect(asked).toEqual([]);
  change('AC', { online: '0' });
  expect(await valueOf(probe, 'power.ac', 9_900)).toEqual(no);
  change('AC', { online: '1' });
  isTold = false;
  expect(await valueOf(probe, 'power.ac', 10_800)).toEqual(yes);
});

test('a controller that hangs holds one thread, and no more', async () => {
  let underWay = 0;
  const hangs = (path: string): Promise<string | undefined> => {
    const answer = read(path);
    if (!path.endsWith('online') && !path.endsWith('status')) return answer;
    underWay += 1;
    return new Promise(() => undefined);
  };
  void powerProbe(machine.sysRoot, undefined, hangs).measure({ wallMs: 0, monotonicMs: 0 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(underWay).toBe(1);
});
