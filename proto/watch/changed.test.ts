import { expect, test } from '@jest/globals';
import type { Reading, Readings } from '../../conditions/reading.js';
import { changedReadings, earliest } from './changed.js';

const flag = (signal: Reading['signal'], on: boolean, seenNs: bigint): [string, Reading] => [
  signal,
  {
    ...{ signal, instance: '', observedAtMs: 0, observedMonotonicNs: seenNs, source: 's' },
    value: { kind: 'flag', flag: on },
  },
];
const before: Readings = new Map([flag('power.ac', true, 1n), flag('session.remote', true, 2n)]);
const after: Readings = new Map([
  flag('power.ac', false, 9n),
  flag('session.remote', true, 8n),
  flag('network.tethered', true, 7n),
]);

test('of a snapshot everything is compared, of an update what it names', () => {
  const signals = (named?: readonly string[]): string[] =>
    changedReadings(before, after, named).map(({ signal }) => signal);
  expect(signals()).toEqual(['power.ac', 'network.tethered']);
  expect(signals(['power.ac', 'session.remote'])).toEqual(['power.ac']);
  expect(signals(['gone'])).toEqual([]);
});

test('an edge is as old as the first of what changed', () => {
  expect(earliest([...after.values()])).toEqual({ observedMonotonicNs: 7n });
  expect(earliest([])).toEqual({});
});
