// What the sensors of a calm machine say of what nobody recorded.

import {
  withReadings,
  type Reading,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';

const calm: readonly (readonly [Signal, Value, instance?: string])[] = [
  ['power.battery', { kind: 'number', number: 60 }],
  ['cpu.busy', { kind: 'number', number: 1 }],
  ['disk.busy', { kind: 'number', number: 1 }],
  ['pressure.cpu', { kind: 'number', number: 0 }],
  ['pressure.io', { kind: 'number', number: 0 }],
  ['pressure.memory', { kind: 'number', number: 0 }],
  ['memory.used', { kind: 'number', number: 40 }],
  ['cpu.cores', { kind: 'number', number: 4 }],
  ['disk.rotating', { kind: 'flag', flag: false }],
  ['disk.free', { kind: 'number', number: 1e12 }, '/'],
  ['network.metered', { kind: 'word', word: 'no' }],
  ['network.connectivity', { kind: 'word', word: 'full' }],
];

export function readingOf(signal: Signal, value: Value, atMs: number, instance = ''): Reading {
  return { signal, instance, value, observedAtMs: atMs, observedMonotonicNs: 0n, source: 'trace' };
}

/** @param told signals that are told of, and left out. */
export function calmReadings(atMs: number, told: ReadonlySet<Signal> = new Set()): Reading[] {
  return calm
    .filter(([signal]) => !told.has(signal))
    .map(([signal, value, instance]) => readingOf(signal, value, atMs, instance));
}

export interface Person {
  readonly atMs: number;
  /** Absent: somebody is there. */
  readonly awaySinceMs?: number;
  readonly mains: boolean;
}

/** What the sensors of an otherwise calm machine say, with a locked screen. */
export function readingsAt({ atMs, awaySinceMs, mains }: Person): Readings {
  const presence: Value = {
    kind: 'presence',
    presence:
      awaySinceMs === undefined
        ? { kind: 'engaged' }
        : { kind: 'away', sinceMs: awaySinceMs, locked: true },
  };
  return withReadings(new Map(), [
    ...calmReadings(0),
    readingOf('presence', presence, atMs),
    readingOf('power.ac', { kind: 'flag', flag: mains }, atMs),
  ]);
}
