// What a forecast assumes of a machine: that nobody uses it from now on.

import {
  AT_REST,
  attentionSignals,
  percentSignals,
  readingKey,
  valueOf,
  withReadings,
  type Reading,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';

/** Signals of what people and their programs do with a machine: they end when nobody uses it. */
const ofUse: ReadonlySet<Signal> = new Set<Signal>([
  ...percentSignals.filter((signal) => signal !== 'memory.used'),
  'network.others',
  ...attentionSignals,
]);

/** The same machine, with nobody who uses it. What is not known stays so, but for presence. */
export function unused(readings: Readings, nowMs: number): Readings {
  const changes = [...readings.values()].map((reading) => ({ ...reading, value: calm(reading) }));
  return withReadings(readings, [...changes, ...leaving(readings, nowMs)]);
}

function calm({ signal, value }: Reading): Value {
  // Only while nothing waits is it not measured: by then it will be, and as it mostly is.
  if (value.kind === 'unknown' && value.why === AT_REST) {
    return { kind: 'number', number: signal === 'disk.free' ? Number.MAX_SAFE_INTEGER : 0 };
  }
  if (!ofUse.has(signal)) return value;
  if (value.kind === 'number') return { kind: 'number', number: 0 };
  return value.kind === 'flag' ? { kind: 'flag', flag: false } : value;
}

/** Whoever is there leaves now. */
function leaving(readings: Readings, nowMs: number): Reading[] {
  const value = valueOf(readings, 'presence');
  if (value.kind === 'presence' && value.presence.kind === 'away') return [];
  const before = readings.get(readingKey('presence'));
  return [
    {
      signal: 'presence',
      instance: '',
      observedAtMs: nowMs,
      observedMonotonicNs: before?.observedMonotonicNs ?? 0n,
      source: 'assumed',
      value: { kind: 'presence', presence: { kind: 'away', sinceMs: nowMs } },
    },
  ];
}
