import { join } from 'node:path';
import { createEachDisk, NO_DISK } from '../reading/disk.js';
import {
  machineWide,
  measurement,
  shareValue,
  unknownValue,
  type Measurement,
} from '../reading/measurement.js';
import {
  emptyWindow,
  higherShare,
  shareOf,
  stepShareOf,
  withSample,
  type Sample,
  type ShareWindow,
} from '../sampling/share-window.js';
import { fewDisks } from './few-disks.js';
import { keptFile } from './kept-file.js';
import type { OpenProbe } from './probe.js';

/** The same as for the CPU, so that both tell of one and the same moment. */
const SPAN_MS = 5_000;

interface Disk {
  readonly window: ShareWindow;
  readonly before: Sample;
}

export function diskActivityProbe(procRoot: string, sysRoot: string): OpenProbe {
  const path = join(procRoot, 'diskstats');
  const blockPath = join(sysRoot, 'block');
  const ofFew = `${blockPath}/*/stat`;
  const kept = keptFile(path, 'mount /proc');
  const few = fewDisks(blockPath);
  const subject = machineWide('disk.busy');
  const eachDisk = createEachDisk();
  const disks = new Map<string, Disk>();

  function shareAt(atMs: number, name: string, busyMs: number): number | undefined {
    const sample = { atMs, part: busyMs, whole: atMs };
    const known = disks.get(name);
    const window = withSample(known?.window ?? emptyWindow, sample, SPAN_MS);
    disks.set(name, { window, before: sample });
    return higherShare(shareOf(window), stepShareOf(known?.before, sample));
  }

  function busiest(atMs: number): Measurement {
    let highest: number | undefined;
    const one = (name: string, busyMs: number): void => {
      highest = higherShare(highest, shareAt(atMs, name, busyMs));
    };
    const each = few.read(atMs);
    if (each === undefined) {
      const file = kept.read(atMs);
      if (file.kind === 'missing') return measurement(subject, path, unknownValue(file.why));
      eachDisk(file.bytes, file.length, one);
    } else {
      for (const { name, busyMs } of each) one(name, busyMs);
    }
    // One that was pulled out is forgotten.
    for (const [name, { before }] of disks) if (before.atMs !== atMs) disks.delete(name);
    const source = each === undefined ? path : ofFew;
    if (disks.size === 0) return measurement(subject, source, unknownValue(NO_DISK));
    return measurement(subject, source, shareValue(subject.signal, highest));
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: 0,
    measure: (at) => [busiest(at.monotonicMs)],
    close: () => {
      kept.close();
      few.close();
    },
  };
}
