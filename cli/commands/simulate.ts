// lull simulate: what a policy would have done with a recorded machine, beside others.

import { writeFileSync } from 'node:fs';
import type { Signal } from '../../conditions/reading.js';
import type { Policy } from '../../orchestrator/policy/policy.js';
import { STEPS_MAX, type Severity } from '../../orchestrator/runs/update.js';
import { deadlineOf } from '../../orchestrator/scheduler/urgency.js';
import {
  compare,
  lull,
  takenForGranted,
  type Compared,
} from '../../orchestrator/simulation/comparison.js';
import { errandsOf, type Errand } from '../../orchestrator/simulation/errand.js';
import { placedIn } from '../../orchestrator/simulation/placed.js';
import { readRecording, RecordingError } from '../../orchestrator/simulation/recording.fs.js';
import { sceneUpdate } from '../../orchestrator/simulation/scene.js';
import { syntheticTraces } from '../../orchestrator/simulation/synthetic.js';
import { timelineOf } from '../../orchestrator/simulation/timeline.js';
import type { Recording, Trace } from '../../orchestrator/simulation/trace.js';
import { CommandError } from '../failure.js';
import { readPolicy } from '../policy-file.fs.js';

export interface SimulateRequest {
  readonly traceFile: string | undefined;
  readonly powerFile: string | undefined;
  readonly policyFile: string | undefined;
  readonly action: 'download' | 'install';
  /** What a download fetches; undefined: it does not say. */
  readonly bytes: number | undefined;
  readonly severity: Severity | undefined;
  readonly workMs: number;
  readonly stepMs: number;
  /** The publisher's, from the arrival of an update on; undefined: policy's alone hold. */
  readonly deadlineMs: number | undefined;
  /** An update at the start of each trace, and one more after each of these; undefined: only the first. */
  readonly everyMs: number | undefined;
  readonly svgFile: string | undefined;
  /** Whose timeline is drawn; absent: the first device that an update can be done on. */
  readonly device: string | undefined;
}

export interface Simulated {
  readonly source: string;
  readonly deviceCount: number;
  readonly updateCount: number;
  /** Updates that are not done so long after their arrival are missed; never less than a minute. */
  readonly overdueAfterMs: number;
  readonly timeZone: string;
  /** The signals that the recording tells of; all others are as on a calm machine. */
  readonly told: readonly Signal[];
  /** What others' rules look at and the recording does not tell of. */
  readonly takenForGranted: Readonly<Record<string, readonly Signal[]>>;
  readonly recording: Pick<Recording, 'faults' | 'mended'>;
  readonly policies: readonly Omit<Compared, 'scored' | 'rides'>[];
  readonly svgFile?: string;
}

const SYNTHETIC_SEED = 1;
const SYNTHETIC_COUNT = 50;
/** Long enough that what nobody found a moment for becomes overdue by the defaults. */
const SYNTHETIC_DAYS = 28;
/** One second steps would be a run each; what is shorter can as well be stopped at any instant. */
const STEP_MS_MIN = 5_000;
const STEP_MS_MAX = 600_000;
const EVERY_MS_MIN = 60_000;
/** More updates than this take longer than anybody waits. */
const ERRANDS_MAX = 20_000;

export function simulate(request: SimulateRequest): Simulated {
  const { stepMs, everyMs } = request;
  if (stepMs !== 0 && (stepMs < STEP_MS_MIN || stepMs > STEP_MS_MAX)) {
    throw new CommandError('--step wants 0, or 5 to 600 seconds', 2);
  }
  if (stepMs !== 0 && request.workMs > STEPS_MAX * stepMs) {
    throw new CommandError(
      `--work is more than ${String(STEPS_MAX)} times --step: no update has more actions`,
      2,
    );
  }
  if (everyMs !== undefined && everyMs < EVERY_MS_MIN) {
    throw new CommandError('--every wants a minute or more', 2);
  }
  const policy = readPolicy(request.policyFile).policy;
  const recording = recordingOf(request);
  const traces = placedIn(policy.timeZone, recording);
  const overdueAfterMs = overdueAfter(request, policy);
  const errands = errandsFor(request, traces, policy, overdueAfterMs);
  if (errands.length === 0) {
    const why = recording.faults.lines.slice(0, 5).join('; ');
    throw new CommandError(`no trace is left to simulate with${why === '' ? '' : `: ${why}`}`);
  }
  const compared = compare([lull(request.policyFile ?? 'Lull, its defaults', policy)], errands);
  if (request.svgFile !== undefined) {
    draw(request.svgFile, errands, compared, recording, request.device);
  }
  return {
    source: request.traceFile ?? `synthetic, seed ${String(SYNTHETIC_SEED)}`,
    deviceCount: traces.length,
    updateCount: errands.length,
    overdueAfterMs,
    timeZone: policy.timeZone,
    told: [...new Set(traces.flatMap(({ tells }) => [...tells]))],
    takenForGranted: Object.fromEntries(takenForGranted(traces)),
    recording: { faults: recording.faults, mended: recording.mended },
    policies: compared.map(({ scored: _scored, rides: _rides, ...score }) => score),
    ...(request.svgFile === undefined ? {} : { svgFile: request.svgFile }),
  };
}

/** When the policy calls such an update overdue. */
function overdueAfter({ severity, deadlineMs }: SimulateRequest, policy: Policy): number {
  const update = sceneUpdate({
    ...(severity === undefined ? {} : { severity }),
    ...(deadlineMs === undefined ? {} : { deadlineAtMs: deadlineMs }),
  });
  return deadlineOf({ update, firstSeenAtMs: 0 }, policy).overdueAtMs;
}

function errandsFor(
  { workMs, stepMs, everyMs = 0, deadlineMs, severity, action, bytes }: SimulateRequest,
  traces: readonly Trace[],
  { timeZone }: Policy,
  overdueAfterMs: number,
): Errand[] {
  const errands: Errand[] = [];
  for (const trace of traces) {
    const more = errandsOf(trace, {
      ...{ workMs, stepMs, everyMs, action, timeZone, late: true },
      deadlineMs: overdueAfterMs,
      ...(deadlineMs === undefined ? {} : { publisherMs: deadlineMs }),
      ...(severity === undefined ? {} : { severity }),
      ...(bytes === undefined ? {} : { bytes }),
    });
    for (const errand of more) errands.push(errand);
    if (errands.length > ERRANDS_MAX) {
      throw new CommandError(
        `more than ${String(ERRANDS_MAX)} updates: ask for fewer with a longer --every`,
        2,
      );
    }
  }
  return errands;
}

function recordingOf({ traceFile, powerFile }: SimulateRequest): Recording {
  if (traceFile === undefined) {
    const traces = syntheticTraces(SYNTHETIC_SEED, SYNTHETIC_COUNT, SYNTHETIC_DAYS);
    const mended = { emptyCount: 0, touchingCount: 0 };
    return { traces, clock: 'wall', faults: { lines: [], count: 0 }, mended };
  }
  try {
    return readRecording(traceFile, powerFile);
  } catch (error) {
    if (error instanceof RecordingError) throw new CommandError(error.message);
    throw error;
  }
}

function draw(
  file: string,
  errands: readonly Errand[],
  compared: readonly Compared[],
  recording: Recording,
  device: string | undefined,
): void {
  const clairvoyant = compared.find(({ name }) => name === 'clairvoyant');
  const at = errands.findIndex(({ trace }, i) =>
    device === undefined ? (clairvoyant?.scored[i]?.done ?? false) : trace.device === device,
  );
  const errand = errands[at === -1 && device === undefined ? 0 : at];
  if (errand === undefined) throw new CommandError(whyNoDevice(device ?? '', recording), 2);
  const i = errands.indexOf(errand);
  const rows = compared.map(({ name, rides }) => ({
    name,
    ride: rides[i] ?? { ran: [], interruptions: 0 },
  }));
  const minutes = String(Math.round(errand.workMs / 60_000));
  const title = `${errand.trace.device}: one update, ${minutes} min of work`;
  try {
    writeFileSync(file, timelineOf(errand, rows, title));
  } catch (error) {
    throw new CommandError(`the drawing cannot be written: ${(error as Error).message}`);
  }
}

const DEVICES_SHOWN = 5;

/** What became of it, or which there are. */
function whyNoDevice(device: string, { faults, traces }: Recording): string {
  const left = faults.lines.filter((line) => line.includes(`: device ${device}: `));
  if (left.length > 0) return `device "${device}" was left out: ${left.join('; ')}`;
  const names = traces.slice(0, DEVICES_SHOWN).map((each) => each.device);
  const more = traces.length > DEVICES_SHOWN ? ' …' : '';
  return `there is no device "${device}"; there are ${names.join(', ')}${more}`;
}
