import { expect, test } from '@jest/globals';
import type { Reading, Readings, Signal, Value } from '../../conditions/reading.js';
import { withReadings } from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import { edgeOf } from './edge.js';

const requirements: Requirement[] = [{ kind: 'person-away', forMs: 0 }, { kind: 'on-ac' }];

function reading(signal: Signal, value: Value, observedMonotonicNs: bigint): Reading {
  return { signal, instance: '', observedAtMs: 0, observedMonotonicNs, source: 'test', value };
}

const away = reading('presence', { kind: 'presence', presence: { kind: 'away', sinceMs: 0 } }, 1n);
const engaged = reading('presence', { kind: 'presence', presence: { kind: 'engaged' } }, 50n);
const onAc = reading('power.ac', { kind: 'flag', flag: true }, 1n);
const offAc = reading('power.ac', { kind: 'flag', flag: false }, 40n);
const idleDisk = reading('disk.busy', { kind: 'number', number: 1 }, 1n);
const busyDisk = reading('disk.busy', { kind: 'number', number: 90 }, 10n);

const before: Readings = withReadings(new Map(), [away, onAc, idleDisk]);
const edge = (...changes: Reading[]): bigint | undefined =>
  edgeOf(requirements, before, withReadings(before, changes), 100);

test('what changed with it, and was seen before, is not the edge', () => {
  expect(edge(busyDisk, engaged)).toBe(50n);
});

test('of two that break the guard the earlier one counts', () => {
  expect(edge(engaged, offAc)).toBe(40n);
});

test('what was broken before, and is not by this change, has no edge', () => {
  const broken = withReadings(before, [engaged]);
  expect(edgeOf(requirements, broken, withReadings(broken, [busyDisk]), 100)).toBeUndefined();
});
