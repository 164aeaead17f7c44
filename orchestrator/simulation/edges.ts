// A trace as a machine lives through it: its state, and each instant at which that changes.

import {
  readingKey,
  type Reading,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
import type { Span } from './span.js';
import type { Trace } from './trace.js';

export interface Edge {
  readonly atMs: number;
  /** Absent: somebody is there. */
  readonly awaySinceMs?: number;
  readonly mains: boolean;
  /** Since when mains are as they are; absent: since now. */
  readonly mainsSinceMs?: number;
}

export interface Edges {
  /** The state at the beginning. */
  readonly first: Edge;
  /** The next change; undefined when there is none before the end. */
  next(): Edge | undefined;
}

export function edgesOf(trace: Trace, fromMs: number, toMs: number): Edges {
  const away = cursorAt(trace.away, fromMs);
  const mains = cursorAt(trace.mains, fromMs);
  const stateAt = (atMs: number): Edge => {
    const span = away.spanAt(atMs);
    const since = span === undefined ? {} : { awaySinceMs: span.fromMs };
    const on = mains.spanAt(atMs);
    return { atMs, ...since, mains: on !== undefined, mainsSinceMs: on?.fromMs ?? atMs };
  };
  const first = stateAt(fromMs);
  let atMs = fromMs;
  return {
    first,
    next: () => {
      // Both at once where they change at once: nobody ever sees the half of it.
      atMs = Math.min(away.changeAfter(atMs), mains.changeAfter(atMs));
      return atMs > toMs ? undefined : stateAt(atMs);
    },
  };
}

/** A place in sorted spans that only moves forward. */
function cursorAt(spans: readonly Span[], fromMs: number) {
  let i = 0;
  const seek = (atMs: number): Span | undefined => {
    for (let span = spans[i]; span !== undefined; span = spans[i]) {
      if (span.toMs > atMs) return span;
      i += 1;
    }
    return undefined;
  };
  seek(fromMs);
  return {
    spanAt: (atMs: number): Span | undefined => {
      const span = seek(atMs);
      return span !== undefined && span.fromMs <= atMs ? span : undefined;
    },
    changeAfter: (atMs: number): number => {
      const span = seek(atMs);
      if (span === undefined) return Number.POSITIVE_INFINITY;
      return span.fromMs > atMs ? span.fromMs : span.toMs;
    },
  };
}

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

function readingOf(signal: Signal, value: Value, atMs: number, instance = ''): Reading {
  return { signal, instance, value, observedAtMs: atMs, observedMonotonicNs: 0n, source: 'trace' };
}

const calmReadings = calm.map(
  ([signal, value, instance = '']) =>
    [readingKey(signal, instance), readingOf(signal, value, 0, instance)] as const,
);

/** What the sensors of an otherwise calm machine would say. Recordings tell of locked screens. */
export function readingsAt({ atMs, awaySinceMs, mains, mainsSinceMs = atMs }: Edge): Readings {
  const presence: Value = {
    kind: 'presence',
    presence:
      awaySinceMs === undefined
        ? { kind: 'engaged' }
        : { kind: 'away', sinceMs: awaySinceMs, locked: true },
  };
  return new Map([
    ...calmReadings,
    ['presence', readingOf('presence', presence, atMs)],
    ['power.ac', readingOf('power.ac', { kind: 'flag', flag: mains }, mainsSinceMs)],
  ]);
}
