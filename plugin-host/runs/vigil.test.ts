import { beforeEach, expect, test } from '@jest/globals';
import type { Reading, Readings } from '../../conditions/reading.js';
import { keepVigil, type Vigil } from './vigil.js';

let awake: number;
let upright: number;
let machine: { readings: Readings };
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
  const power = {
    during: (mains: boolean) => (mains ? counted((by) => (awake += by)) : () => undefined),
    duringSection: () => counted((by) => (upright += by)),
  };
  vigil = keepVigil(power, {
    get readings() {
      return machine.readings;
    },
  });
});

const frozen = { kind: 'frozen', reasons: ['ON_BATTERY'], cpuUs: 0 } as const;
const thawed = { kind: 'thawed', frozenMs: 1, cpuUsWhileFrozen: 0 } as const;
const entered = { kind: 'critical', entered: true, why: '', lastedMs: 0, overrun: false } as const;

test('a run keeps the machine awake while it goes on, and not while it stands', () => {
  expect(awake).toBe(1);
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
