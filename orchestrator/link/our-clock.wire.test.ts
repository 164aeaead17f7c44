// Machines whose clocks are a day ahead and a day behind tell of a person who has just left.

import { describe, expect, test } from '@jest/globals';
import type { Reading, Signal, Value } from '../../conditions/reading.js';
import { readingFromWire, readingToWire } from '../../proto/wire/reading.js';
import { byOurClock } from './our-clock.wire.js';

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const LEFT_MS_AGO = 30_000;

function readingOf(signal: Signal, value: Value, observedAtMs: number): Reading {
  return { signal, instance: '', value, observedAtMs, observedMonotonicNs: 0n, source: 'a test' };
}

/** As the orchestrator has it of a machine whose clock is wrong by `aheadMs`. */
function heard(value: Value, signal: 'presence' | 'boot.at' | 'power.battery', aheadMs: number) {
  const sentAtMs = NOW_MS + aheadMs;
  const told = readingToWire(readingOf(signal, value, sentAtMs - 1_000));
  const [reading] = byOurClock([told], sentAtMs, NOW_MS);
  return reading === undefined ? undefined : readingFromWire(reading);
}

function awaySince(sinceMs: number): Value {
  return { kind: 'presence', presence: { kind: 'away', sinceMs, locked: true } };
}

describe.each([
  ['ahead', DAY_MS],
  ['behind', -DAY_MS],
])('a day %s', (_where, aheadMs) => {
  test('who left half a minute ago has left half a minute ago', () => {
    const told = awaySince(NOW_MS + aheadMs - LEFT_MS_AGO);
    expect(heard(told, 'presence', aheadMs)).toMatchObject({
      value: awaySince(NOW_MS - LEFT_MS_AGO),
      observedAtMs: NOW_MS - 1_000,
    });
  });

  test('it has started when it has started', () => {
    const told = { kind: 'number', number: NOW_MS + aheadMs - LEFT_MS_AGO } as const;
    const number = NOW_MS - LEFT_MS_AGO;
    expect(heard(told, 'boot.at', aheadMs)).toMatchObject({ value: { number } });
  });

  test('what is no instant stays as it is', () => {
    const told = { kind: 'number', number: 60 } as const;
    expect(heard(told, 'power.battery', aheadMs)).toMatchObject({ value: { number: 60 } });
  });
});

test('clocks that are nearly the same are left alone', () => {
  const told = awaySince(NOW_MS - LEFT_MS_AGO);
  expect(heard(told, 'presence', 900)).toMatchObject({ value: told, observedAtMs: NOW_MS - 100 });
});

test('whoever does not say what its clock says is believed', () => {
  const told = readingToWire(readingOf('presence', awaySince(7), 8));
  expect(byOurClock([told], 0, NOW_MS)).toEqual([told]);
});
