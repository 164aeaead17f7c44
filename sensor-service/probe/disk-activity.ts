import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { NO_DISK, parseDiskTicks } from '../reading/disk.js';
import { machineWide, shareValue, unknownValue } from '../reading/measurement.js';
import { emptyWindow, shareOf, withSample, type ShareWindow } from '../sampling/share-window.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** The same as for the CPU, so that both tell of one and the same moment. */
const SPAN_MS = 5_000;

export function diskActivityProbe(procRoot: string): Probe {
  const path = join(procRoot, 'diskstats');
  const subject = machineWide('disk.busy');
  let windows: ReadonlyMap<string, ShareWindow> = new Map();

  function busiest(atMs: number): Value {
    const file = readText(path, 'mount /proc');
    if (file.kind === 'missing') return unknownValue(file.why);
    const ticks = parseDiskTicks(file.text);
    if (ticks.size === 0) return unknownValue(NO_DISK);
    // Built anew each time, so that a disk that was pulled out is forgotten.
    windows = new Map(
      [...ticks].map(([name, busyMs]) => {
        const sample = { atMs, part: busyMs, whole: atMs };
        return [name, withSample(windows.get(name) ?? emptyWindow, sample, SPAN_MS)];
      }),
    );
    const shares = [...windows.values()].map(shareOf).filter((share) => share !== undefined);
    return shareValue(subject.signal, shares.length > 0 ? Math.max(...shares) : undefined);
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: 0,
    measure: (at) => [{ ...subject, source: path, value: busiest(at.monotonicMs) }],
  };
}
