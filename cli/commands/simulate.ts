// lull simulate: what a policy would have done with a recorded machine, beside others.

import { readFileSync, writeFileSync } from 'node:fs';
import { parsePolicy } from '../../orchestrator/policy/file.parse.js';
import { defaultPolicy, type Policy } from '../../orchestrator/policy/policy.js';
import {
  compare,
  lull,
  policyForTraces,
  type Compared,
} from '../../orchestrator/simulation/comparison.js';
import { errandsOf, type Errand } from '../../orchestrator/simulation/errand.js';
import { readRecording, RecordingError } from '../../orchestrator/simulation/recording.fs.js';
import { syntheticTraces } from '../../orchestrator/simulation/synthetic.js';
import { timelineOf } from '../../orchestrator/simulation/timeline.js';
import type { Recording } from '../../orchestrator/simulation/trace.js';
import { CommandError } from '../failure.js';

export interface SimulateRequest {
  readonly traceFile: string | undefined;
  readonly powerFile: string | undefined;
  readonly policyFile: string | undefined;
  readonly workMs: number;
  readonly stepMs: number;
  readonly deadlineMs: number;
  /** An update at the start of each trace, and one more after each of these; 0: only the first. */
  readonly everyMs: number;
  readonly svgFile: string | undefined;
  /** Whose timeline is drawn; absent: the first device that an update can be done on. */
  readonly device: string | undefined;
}

export interface Simulated {
  readonly source: string;
  readonly deviceCount: number;
  readonly updateCount: number;
  readonly recording: Pick<Recording, 'faults' | 'mended'>;
  readonly policies: readonly Omit<Compared, 'scored' | 'rides'>[];
  readonly svgFile?: string;
}

const SYNTHETIC_SEED = 1;
const SYNTHETIC_COUNT = 50;
const SYNTHETIC_DAYS = 7;
/** One second steps would be a run each; what is shorter can as well be stopped at any instant. */
const STEP_MS_MIN = 5_000;
const STEP_MS_MAX = 600_000;

export function simulate(request: SimulateRequest): Simulated {
  const { workMs, stepMs, deadlineMs, everyMs } = request;
  if (stepMs !== 0 && (stepMs < STEP_MS_MIN || stepMs > STEP_MS_MAX)) {
    throw new CommandError('--step wants 0, or 5 to 600 seconds', 2);
  }
  const recording = recordingOf(request);
  const errands = recording.traces.flatMap((trace) =>
    errandsOf(trace, { workMs, stepMs, deadlineMs, everyMs }),
  );
  if (errands.length === 0) {
    const why = recording.faults.lines.slice(0, 5).join('; ');
    throw new CommandError(`no trace is left to simulate with${why === '' ? '' : `: ${why}`}`);
  }
  const name = request.policyFile ?? 'Lull, its defaults';
  const policy = policyForTraces(policyOf(request.policyFile), deadlineMs);
  const compared = compare([lull(name, policy)], errands);
  if (request.svgFile !== undefined) draw(request.svgFile, errands, compared, request.device);
  return {
    source: request.traceFile ?? `synthetic, seed ${String(SYNTHETIC_SEED)}`,
    deviceCount: recording.traces.length,
    updateCount: errands.length,
    recording: { faults: recording.faults, mended: recording.mended },
    policies: compared.map(({ scored: _scored, rides: _rides, ...score }) => score),
    ...(request.svgFile === undefined ? {} : { svgFile: request.svgFile }),
  };
}

function recordingOf({ traceFile, powerFile }: SimulateRequest): Recording {
  if (traceFile === undefined) {
    const traces = syntheticTraces(SYNTHETIC_SEED, SYNTHETIC_COUNT, SYNTHETIC_DAYS);
    return { traces, faults: { lines: [], count: 0 }, mended: { emptyCount: 0, touchingCount: 0 } };
  }
  try {
    return readRecording(traceFile, powerFile);
  } catch (error) {
    if (error instanceof RecordingError) throw new CommandError(error.message);
    throw error;
  }
}

function policyOf(file: string | undefined): Policy {
  if (file === undefined) return defaultPolicy;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`the policy cannot be read: ${(error as Error).message}`);
  }
  const parsed = parsePolicy(text, 'UTC');
  if (parsed.kind === 'ok') return parsed.policy;
  throw new CommandError(`${file} is not a policy:\n  ${parsed.problems.join('\n  ')}`);
}

function draw(
  file: string,
  errands: readonly Errand[],
  compared: readonly Compared[],
  device: string | undefined,
): void {
  const clairvoyant = compared.find(({ name }) => name === 'clairvoyant');
  const at = errands.findIndex(({ trace }, i) =>
    device === undefined ? (clairvoyant?.scored[i]?.done ?? false) : trace.device === device,
  );
  const errand = errands[at === -1 && device === undefined ? 0 : at];
  if (errand === undefined) throw new CommandError(`there is no device "${device ?? ''}"`, 2);
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
