import { statSync } from 'node:fs';
import { join } from 'node:path';
import { machineWide, measurement, numberValue, unknownValue } from '../reading/measurement.js';
import type { Probe } from './probe.js';

/** It does not change. */
const EVERY_MS = 3_600_000;

/** When the machine was set up: its id is made once, on its first start. */
export function setUpProbe(root: string): Probe {
  const path = join(root, 'etc/machine-id');
  const subject = machineWide('setup.at');
  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: () => {
      const file = statSync(path, { throwIfNoEntry: false });
      const made = file !== undefined && file.size > 0;
      const value = made
        ? numberValue('setup.at', file.mtimeMs)
        : unknownValue(`${path} does not say when this machine was set up`);
      return [measurement(subject, path, value)];
    },
  };
}
