import { join } from 'node:path';
import { machineWide, measurement, shareValue, unknownValue } from '../reading/measurement.js';
import { parsePressureTotal } from '../reading/pressure.js';
import { emptyWindow, shareOf, withSample } from '../sampling/share-window.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Often enough for a window of a minute. */
const EVERY_MS = 1_900;

/** The thresholds for pressure are meant for a minute. */
const SPAN_MS = 60_000;

const IF_ABSENT = 'use a kernel with CONFIG_PSI and boot it with psi=1';

/**
 * Pressure by the counters of stalled time.
 * The kernel's own averages are not used: they lag, and its triggers need a privilege.
 */
export function pressureProbe(procRoot: string, resource: 'cpu' | 'io' | 'memory'): Probe {
  const path = join(procRoot, 'pressure', resource);
  const subject = machineWide(`pressure.${resource}`);
  let window = emptyWindow;
  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: (at) => {
      const file = readText(path, IF_ABSENT);
      const total = file.kind === 'text' ? parsePressureTotal(file.text) : undefined;
      if (total === undefined) {
        const why = file.kind === 'missing' ? file.why : `${path} has no whole line "some"`;
        window = emptyWindow;
        return [measurement(subject, path, unknownValue(why))];
      }
      const sample = { atMs: at.monotonicMs, part: total, whole: at.monotonicMs * 1_000 };
      window = withSample(window, sample, SPAN_MS);
      return [measurement(subject, path, shareValue(subject.signal, shareOf(window)))];
    },
  };
}
