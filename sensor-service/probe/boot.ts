import { join } from 'node:path';
import { machineWide, measurement, numberValue, unknownValue } from '../reading/measurement.js';
import { parseBootAtMs } from '../reading/uptime.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** It changes when the clock is set, never otherwise. */
const EVERY_MS = 60_000;

export function bootProbe(procRoot: string): Probe {
  const path = join(procRoot, 'stat');
  const subject = machineWide('boot.at');
  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: () => {
      const file = readText(path, 'mount /proc');
      const atMs = file.kind === 'text' ? parseBootAtMs(file.text) : undefined;
      const why = file.kind === 'missing' ? file.why : `${path} does not say when it started`;
      const value = atMs === undefined ? unknownValue(why) : numberValue('boot.at', atMs);
      return [measurement(subject, path, value)];
    },
  };
}
