import {
  AT_REST,
  percentSignals,
  readingKey,
  type Reading,
  type Readings,
  type Signal,
} from '../../conditions/reading.js';
import { readingsOf, unknownValue, type Instant } from './measurement.js';

/** What is measured again and again, rather than happening: asleep while no update waits for it. */
const levels: ReadonlySet<Signal> = new Set<Signal>([
  ...percentSignals,
  'network.others',
  'disk.free',
]);

export function isLevel(signal: Signal): boolean {
  return levels.has(signal);
}

/** The reading as it is told at rest: a level measured long ago must not pass for one of now. */
export function atRest(reading: Reading): Reading {
  if (!isLevel(reading.signal)) return reading;
  return { ...reading, value: { kind: 'unknown', why: AT_REST } };
}

/** Levels of the machine that nobody has measured yet, because nothing waited until now, as at rest. */
export function unmeasured(known: Readings, now: Instant): Reading[] {
  const never = [...levels].filter(
    (signal) => signal !== 'disk.free' && !known.has(readingKey(signal)),
  );
  const value = unknownValue(AT_REST);
  return readingsOf(
    never.map((signal) => ({ signal, instance: '', source: '', value })),
    now,
  );
}
