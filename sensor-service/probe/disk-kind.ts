import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { anyRotating, DISKS_MAX, isDisk } from '../reading/disk.js';
import { machineWide, measurement, unknownValue } from '../reading/measurement.js';
import type { Probe } from './probe.js';
import { readText, whyNotRead } from './text-file.js';

/** Disks come and go by hand only. */
const EVERY_MS = 60_000;

export function diskKindProbe(sysRoot: string): Probe {
  const path = join(sysRoot, 'block');
  const subject = machineWide('disk.rotating');
  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: () => [measurement(subject, `${path}/*/queue/rotational`, rotating(path))],
  };
}

function rotating(path: string): Value {
  let names: string[];
  try {
    names = readdirSync(path).filter(isDisk).slice(0, DISKS_MAX);
  } catch (error) {
    return unknownValue(whyNotRead(path, error, 'mount /sys'));
  }
  const flags = names.map((name) =>
    readText(join(path, name, 'queue', 'rotational'), 'mount /sys'),
  );
  return anyRotating(flags.map((flag) => (flag.kind === 'text' ? flag.text : undefined)));
}
