import { join } from 'node:path';
import { machineWide, measurement, unknownValue } from '../reading/measurement.js';
import { memoryUsed } from '../reading/memory.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** It fills in seconds. */
const EVERY_MS = 1_900;

export function memoryProbe(procRoot: string): Probe {
  const path = join(procRoot, 'meminfo');
  const subject = machineWide('memory.used');
  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: () => {
      const file = readText(path, 'mount /proc');
      const value = file.kind === 'text' ? memoryUsed(file.text) : unknownValue(file.why);
      return [measurement(subject, path, value)];
    },
  };
}
