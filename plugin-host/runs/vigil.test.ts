import { beforeEach, expect, test } from '@jest/globals';
import type { Reading, Readings } from '../../conditions/reading.js';
import { keepVigil, type Vigil } from './vigil.js';

let awake: number;
let upright: number;
let askedMs: number;
let machine: { readings: Readings };
let listeners: Set<() => void>;
let vigil: Vigil;

function onMains(flag: boolean): Readings {
  const reading: Reading = {
    signal: 'power.ac',
    instance: '',
    observedAtMs: 0,
    observedMonotonicNs: 0n,
    source: 'test',
    value: { kind: 'flag', flag },
  };
  return new Map([['power.ac', reading]]);
}

function counted(add: (by: number) => void): () => void {
  let held = true;
  add(1);
  return () => {
    if (held) add(-1);
    held = false;
  };
}

beforeEach(() => {
  [awake, upright] = [0, 0];
  machine = { readings: onMains(true) };
  listeners = new Set();
  const power = {
    during: (msMax: number) => {
      askedMs = msMax;
      return counted((by) => (awake += by));
    },
    duringSection: () => counted((by) => (upright += by)),
  };
  const machineNow = {
    get readings() {
      return machine.readings;
    },
    onReadings: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  vigil = keepVigil(power, machineNow, 600_000);
});

const frozen = { kind: 'frozen', reasons: ['ON_BATTERY'], cpuUs: 0 } as const;
const thawed = { kind: 'thawed', frozenMs: 1, cpuUsWhileFrozen: 0 } as const;
const entered = { kind: 'critical', entered: true, why: '', lastedMs: 0, overrun: false } as const;

test('a run keeps the machine awake while it goes on, and not while it stands', () => {
  expect([awake, askedMs]).toEqual([1, 600_000]);
  vigil.note(frozen);
  vigil.note(frozen);
  expect(awake).toBe(0);
  vigil.note(thawed);
  expect(awake).toBe(1);
  vigil.end();
  vigil.end();
  expect(awake).toBe(0);
});

test('thawed on battery it does not', () => {
  vigil.note(frozen);
  machine = { readings: onMains(false) };
  vigil.note(thawed);
  expect(awake).toBe(0);
});

test('a plug that is pulled lets it sleep, also where the run goes on, and one that is back does not', () => {
  const plug = (flag: boolean): void => {
    machine = { readings: onMains(flag) };
    for (const listener of listeners) listener();
  };
  plug(false);
  expect(awake).toBe(0);
  plug(true);
  expect(awake).toBe(1);
  vigil.note(frozen);
  plug(false);
  plug(true);
  expect(awake).toBe(0);
  vigil.note(thawed);
  vigil.end();
  expect([awake, listeners.size]).toEqual([0, 0]);
});

test('where nobody knows of a plug it may sleep', () => {
  machine = { readings: new Map() };
  for (const listener of listeners) listener();
  expect(awake).toBe(0);
});

test('a section keeps it up until it is left, has overrun, or the run is over', () => {
  vigil.note(entered);
  expect(upright).toBe(1);
  vigil.note({ ...entered, entered: false });
  expect(upright).toBe(0);
  vigil.note(entered);
  vigil.note({ ...entered, entered: false, overrun: true });
  expect(upright).toBe(0);
  vigil.note(entered);
  vigil.end();
  expect(upright).toBe(0);
});
