import { readingKey, type Readings, type Signal } from './reading.js';
import type { Reason } from './reason.js';

/**
 * The reading behind a reason, and since when it says so. For flags and words, which are told again
 * only when they change; a number is told again and again.
 */
export function witness(
  readings: Readings,
  signal: Signal,
  instance = '',
): Pick<Reason, 'about' | 'sinceMs'> {
  const about = readingKey(signal, instance);
  const sinceMs = readings.get(about)?.observedAtMs;
  return sinceMs === undefined ? { about } : { about, sinceMs };
}
