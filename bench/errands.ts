// What overlap and regret are measured on: a recording, or made-up people where there is none; and
// Lull's policies, as they are compared.

import { defaultPolicy } from '../orchestrator/policy/policy.js';
import { lull, policyForTraces, takenForGranted } from '../orchestrator/simulation/comparison.js';
import { errandsOf, type Errand, type Runner } from '../orchestrator/simulation/errand.js';
import { readRecording, RecordingError } from '../orchestrator/simulation/recording.fs.js';
import { syntheticTraces } from '../orchestrator/simulation/synthetic.js';
import type { Trace } from '../orchestrator/simulation/trace.js';
import { CannotRun, type BenchOptions } from './benchmark.js';

const SEED = 1;
const DEVICES = 300;
const DEVICES_QUICK = 60;
const DAYS = 6;
const HOUR_MS = 3_600_000;
const DEADLINE_MS = 72 * HOUR_MS;
const WORK_MS = 600_000;
export const STEP_MS = 60_000;
/** A recording of one machine has an update at its start, and one more after each of these. */
const EVERY_MS = 17 * HOUR_MS;

export function tracesFor({ trace, power, quick, say }: BenchOptions): readonly Trace[] {
  if (trace === undefined) {
    const count = quick ? DEVICES_QUICK : DEVICES;
    say(
      `no --trace: ${String(count)} made-up people for ${String(DAYS)} days, seed ${String(SEED)}`,
    );
    return syntheticTraces(SEED, count, DAYS);
  }
  try {
    const { traces, faults, mended } = readRecording(trace, power);
    say(
      `${trace}: ${String(traces.length)} devices, ${String(mended.emptyCount)} empty windows dropped, ${String(mended.touchingCount)} touching ones joined`,
    );
    for (const line of faults.lines) say(`  left out: ${line}`);
    if (traces.length === 0) throw new CannotRun(`${trace} has no trace that can be used`);
    return traces;
  } catch (error) {
    throw error instanceof RecordingError ? new CannotRun(error.message) : error;
  }
}

export function errandsFor(traces: readonly Trace[], stepMs: number): Errand[] {
  const everyMs = traces.length === 1 ? EVERY_MS : 0;
  return traces.flatMap((trace) =>
    errandsOf(trace, {
      ...{ workMs: WORK_MS, stepMs, everyMs },
      ...{ deadlineMs: DEADLINE_MS, publisherMs: DEADLINE_MS },
    }),
  );
}

/** What others' rules look at and these traces do not tell of. */
export function sayGranted(traces: readonly Trace[], say: BenchOptions['say']): void {
  const granted = [...takenForGranted(traces)].map(
    ([name, signals]) => `${name}: ${signals.join(', ')}`,
  );
  if (granted.length > 0) say(`taken for granted, as nothing tells of it: ${granted.join('; ')}`);
}

export const LULL = 'Lull';

/** Lull as it is installed; and where absences count only after the waits for screens that are not locked. */
export function lulls(): Runner[] {
  const defaults = policyForTraces(defaultPolicy, DEADLINE_MS);
  const unlocked = { ...defaults.waiting, lockedMs: defaults.waiting.awayForInstallMs };
  return [lull(LULL, defaults), lull('Lull, unlocked', { ...defaults, waiting: unlocked })];
}
