import { join } from 'node:path';
import { machineWide, numberValue, shareValue, unknownValue } from '../reading/measurement.js';
import { parseCpuTimes } from '../reading/cpu.js';
import {
  emptyWindow,
  higherShare,
  shareOf,
  stepShareOf,
  withSample,
  type Sample,
} from '../sampling/share-window.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Short enough to see somebody start to work, long enough not to jump with every tick. */
const SPAN_MS = 5_000;

export function cpuProbe(procRoot: string): Probe {
  const path = join(procRoot, 'stat');
  const busy = machineWide('cpu.busy');
  const cores = machineWide('cpu.cores');
  let window = emptyWindow;
  let before: Sample | undefined;
  return {
    name: path,
    subjects: [busy, cores],
    everyMs: 0,
    measure: (at) => {
      const file = readText(path, 'mount /proc');
      const times = file.kind === 'text' ? parseCpuTimes(file.text) : undefined;
      if (times === undefined) {
        const why = file.kind === 'missing' ? file.why : `${path} has no whole line of CPU times`;
        window = emptyWindow;
        before = undefined;
        return [busy, cores].map((of) => ({ ...of, source: path, value: unknownValue(why) }));
      }
      const sample = { atMs: at.monotonicMs, part: times.busy, whole: times.total };
      window = withSample(window, sample, SPAN_MS);
      const share = higherShare(shareOf(window), stepShareOf(before, sample));
      before = sample;
      return [
        { ...busy, source: path, value: shareValue('cpu.busy', share) },
        { ...cores, source: path, value: numberValue('cpu.cores', times.cores) },
      ];
    },
  };
}
