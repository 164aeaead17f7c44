import type { Value } from '../../conditions/reading.js';
import { numberValue, unknownValue } from './measurement.js';

/** Parses /proc/meminfo to the share of memory that is not available to new work. */
export function memoryUsed(text: string): Value {
  const total = kilobytes(text, 'MemTotal');
  const available = kilobytes(text, 'MemAvailable');
  if (total === undefined || total === 0) return unknownValue('MemTotal is missing');
  if (available === undefined) {
    return unknownValue('MemAvailable is missing; Linux has it since 3.14');
  }
  return numberValue('memory.used', (1 - available / total) * 100);
}

function kilobytes(text: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}: +(\\d+) kB\\n`, 'm').exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
