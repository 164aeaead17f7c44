import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { NO_DISK, parseDiskTicks } from '../reading/disk.js';
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

export function diskActivityProbe(procRoot: string): OpenProbe {
  const path = join(procRoot, 'diskstats');
  const kept = keptFile(path, 'mount /proc');
  const subject = machineWide('disk.busy');
  let disks: ReadonlyMap<string, { window: ShareWindow; before: Sample }> = new Map();

  function busiest(atMs: number): Value {
    const file = kept.read(atMs);
    if (file.kind === 'missing') return unknownValue(file.why);
    const ticks = parseDiskTicks(file.text);
    if (ticks.size === 0) return unknownValue(NO_DISK);
    // Built anew each time, so that a disk that was pulled out is forgotten.
    const shares: number[] = [];
    disks = new Map(
      [...ticks].map(([name, busyMs]) => {
        const sample = { atMs, part: busyMs, whole: atMs };
        const known = disks.get(name);
        const window = withSample(known?.window ?? emptyWindow, sample, SPAN_MS);
        const share = higherShare(shareOf(window), stepShareOf(known?.before, sample));
        if (share !== undefined) shares.push(share);
        return [name, { window, before: sample }];
      }),
    );
    return shareValue(subject.signal, shares.length > 0 ? Math.max(...shares) : undefined);
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
