import { join } from 'node:path';
import { machineWide, unknownValue } from '../reading/measurement.js';
import { memoryUsed } from '../reading/memory.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

export function memoryProbe(procRoot: string): Probe {
  const path = join(procRoot, 'meminfo');
  const subject = machineWide('memory.used');
  return {
    name: path,
    subjects: [subject],
    everyMs: 0,
    measure: () => {
      const file = readText(path, 'mount /proc');
      const value = file.kind === 'text' ? memoryUsed(file.text) : unknownValue(file.why);
      return [{ ...subject, source: path, value }];
    },
  };
}
