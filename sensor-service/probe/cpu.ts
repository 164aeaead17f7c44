import { join } from 'node:path';
import {
  machineWide,
  measurement,
  numberValue,
  shareValue,
  unknownValue,
} from '../reading/measurement.js';
import { parseCores, parseCpuTimes } from '../reading/cpu.js';
import {
  emptyWindow,
  higherShare,
  shareOf,
  stepShareOf,
  withSample,
  type Sample,
} from '../sampling/share-window.js';
import { keptFile } from './kept-file.js';
import type { OpenProbe, Probe } from './probe.js';
import { readText } from './text-file.js';

/** Short enough to see somebody start to work, long enough not to jump with every tick. */
const SPAN_MS = 5_000;
/** The line of all cores has ten columns, of twenty digits at most. */
const LINE_BYTES_MAX = 256;
/** Cores are taken away and given back by hand. */
const CORES_EVERY_MS = 30_000;
const IF_ABSENT = 'mount /proc';

export function cpuProbe(procRoot: string): OpenProbe {
  const path = join(procRoot, 'stat');
  const file = keptFile(path, IF_ABSENT, LINE_BYTES_MAX);
  const busy = machineWide('cpu.busy');
  let window = emptyWindow;
  let before: Sample | undefined;
  return {
    name: path,
    subjects: [busy],
    everyMs: 0,
    measure: (at) => {
      const read = file.read(at.monotonicMs);
      const times = read.kind === 'bytes' ? parseCpuTimes(read.bytes, read.length) : undefined;
      if (times === undefined) {
        const why = read.kind === 'missing' ? read.why : `${path} has no whole line of CPU times`;
        window = emptyWindow;
        before = undefined;
        return [measurement(busy, path, unknownValue(why))];
      }
      const sample = { atMs: at.monotonicMs, part: times.busy, whole: times.total };
      window = withSample(window, sample, SPAN_MS);
      const share = higherShare(shareOf(window), stepShareOf(before, sample));
      before = sample;
      return [measurement(busy, path, shareValue('cpu.busy', share))];
    },
    close: () => {
      file.close();
    },
  };
}

export function coresProbe(procRoot: string): Probe {
  const path = join(procRoot, 'stat');
  const cores = machineWide('cpu.cores');
  return {
    name: path,
    subjects: [cores],
    everyMs: CORES_EVERY_MS,
    measure: () => {
      const read = readText(path, IF_ABSENT);
      const count = read.kind === 'text' ? parseCores(read.text) : undefined;
      const why = read.kind === 'missing' ? read.why : `${path} names no core`;
      const value = count === undefined ? unknownValue(why) : numberValue('cpu.cores', count);
      return [measurement(cores, path, value)];
    },
  };
}
