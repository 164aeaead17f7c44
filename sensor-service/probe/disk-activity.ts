import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { createEachDisk, NO_DISK } from '../reading/disk.js';
import { machineWide, shareValue, unknownValue } from '../reading/measurement.js';
import {
  emptyWindow,
  higherShare,
  shareOf,
  stepShareOf,
  withSample,
  type Sample,
  type ShareWindow,
} from '../sampling/share-window.js';
import { keptFile } from './kept-file.js';
import type { OpenProbe } from './probe.js';

/** The same as for the CPU, so that both tell of one and the same moment. */
const SPAN_MS = 5_000;

interface Disk {
  readonly window: ShareWindow;
  readonly before: Sample;
}

export function diskActivityProbe(procRoot: string): OpenProbe {
  const path = join(procRoot, 'diskstats');
  const kept = keptFile(path, 'mount /proc');
  const subject = machineWide('disk.busy');
  const eachDisk = createEachDisk();
  const disks = new Map<string, Disk>();

  function busiest(atMs: number): Value {
    const file = kept.read(atMs);
    if (file.kind === 'missing') return unknownValue(file.why);
    let highest: number | undefined;
    eachDisk(file.bytes, file.length, (name, busyMs) => {
      const sample = { atMs, part: busyMs, whole: atMs };
      const known = disks.get(name);
      const window = withSample(known?.window ?? emptyWindow, sample, SPAN_MS);
      highest = higherShare(
        highest,
        higherShare(shareOf(window), stepShareOf(known?.before, sample)),
      );
      disks.set(name, { window, before: sample });
    });
    // One that was pulled out is forgotten.
    for (const [name, { before }] of disks) if (before.atMs !== atMs) disks.delete(name);
    return disks.size === 0 ? unknownValue(NO_DISK) : shareValue(subject.signal, highest);
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: 0,
    measure: (at) => [{ ...subject, source: path, value: busiest(at.monotonicMs) }],
    close: () => {
      kept.close();
    },
  };
}
