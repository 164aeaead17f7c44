import { AT_REST, percentSignals, type Reading, type Signal } from '../../conditions/reading.js';

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
