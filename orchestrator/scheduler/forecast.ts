// forecast: the course that things would take from now on: if nobody used the machine, everything else
// stayed as it is, a start that is going on went well, a place in a group that nobody is known to have were
// there, and each run succeeded in its expected time.
//
//   copy of the world ─▶ decide ─▶ what it says is done ─▶ fold ─▶ the next instant ─▶ decide …
//
// Invariants:
//   F1. A forecast never differs from what is decided while its assumptions hold: it calls the same
//       `decide` and the same fold.
//   F2. It is computed on a copy: what happens meanwhile changes nothing of it.

import type { Reason } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type ActionName, type Run } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import { copyOf } from '../world/copy.js';
import { foldEntry } from '../world/fold.js';
import type { World } from '../world/world.js';
import { placesAskedFor, startedAt } from './assumed.js';
import { decide } from './decide.js';
import { expectedMs, outcomeOf } from './expected.js';
import type { HostView } from './host-view.js';
import type { Admission, Plan } from './plan.js';
import { keyOf } from './subject.js';
import { unused } from './unused.js';

/** What waits, or would. */
export interface Waits {
  readonly key: string;
  readonly updaterId: string;
  readonly work: Work;
  readonly reasons: readonly Reason[];
}

/** A run that would be, or what would wait to the end. */
export interface Chance extends Waits {
  /** When it begins or goes on; absent: not within the time computed. */
  readonly atMs?: number;
  /** When it is done; absent: not within the time computed. */
  readonly doneAtMs?: number;
}

export interface Forecast {
  /** Runs in the order in which they begin, then what does not run. */
  readonly chances: readonly Chance[];
  /** What waits at the instant asked about. */
  readonly waiting: readonly Waits[];
  /** Where it was not computed to its end: until when. */
  readonly computedUntilMs?: number;
}

export interface Course {
  /** One decision further; false when the course is at its end. */
  readonly step: () => boolean;
  /** Whether a run of the subject begins, or goes on, in what is computed. */
  readonly begins: (key: string) => boolean;
  readonly told: () => Forecast;
}

/** Runs and decisions that one forecast is about. */
const RUNS_MAX = 2_000;
const STEPS_MAX = 10_000;
/** A start takes so long until a machine is attached and its self-test is over (measured: 1 to 7 s). */
const STARTS_MS = 10_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @param span from when on to look, what is asked about, and until when. */
export function foretell(
  given: World,
  host: HostView,
  policy: Policy,
  span: { readonly nowMs: number; readonly fromMs: number; readonly toMs: number },
): Course {
  const world = copyOf(given); // F2
  let machine: HostView = {
    ...host,
    readings: unused(host.readings, span.nowMs),
    ...placesAskedFor(host, policy),
  };
  /** When a start that is still going on is through. Infinity: none is. */
  const startedAtMs = isStarting(host, span.nowMs) ? span.nowMs + STARTS_MS : Infinity;
  let atMs = span.nowMs;
  let isOver = false;
  let steps = 0;
  let latest: readonly Waits[] = [];
  let asked: readonly Waits[] | undefined;
  const chances: Mutable<Chance>[] = [];
  const begun = new Set<string>();
  /** By run, what is under way and when it ends. */
  const ends = new Map<string, { readonly endMs: number; readonly chance: Mutable<Chance> }>();

  function tell(fact: Fact): void {
    foldEntry(world, { sequence: world.sequence, atMs, fact, body: '', hash: '' }, policy.retry);
  }

  function begin(run: Pick<Run, 'id' | 'updaterId' | 'work'>, sinceMs: number): void {
    const key = keyOf(run);
    const wholeMs = expectedMs(run.work);
    // What is on since longer than expected, or since an instant to come, takes its time from now on.
    const ranMs = atMs - sinceMs;
    const endMs = ranMs >= 0 && ranMs < wholeMs ? sinceMs + wholeMs : atMs + wholeMs;
    const { updaterId, work } = run;
    const chance = { key, updaterId, work, reasons: [], atMs: sinceMs };
    chances.push(chance);
    begun.add(key);
    ends.set(run.id, { endMs, chance });
  }

  function finish(runId: string, chance: Mutable<Chance>): void {
    const actions = world.updaters.get(chance.updaterId)?.accepted?.version.manifest.actions ?? [];
    tell({ kind: 'run.finished', runId, outcome: outcomeOf(chance.work, actions), stderrTail: '' });
    chance.doneAtMs = atMs;
    ends.delete(runId);
  }

  function admit({ subject, runId, epoch, attempt }: Admission): void {
    const { work, updater, level } = subject;
    tell({
      kind: 'run.admitted',
      ...{ runId, epoch, attempt, work, hostId: host.id, intrusion: level },
      ...{ updaterId: updater.id, updaterVersion: updater.current.version },
    });
    begin({ id: runId, updaterId: updater.id, work }, atMs);
  }

  /** Does what the plan says; false when there was nothing to do. */
  function follow({ stop, pause, resume, admit: admissions, restart }: Plan): boolean {
    for (const { run, reason } of stop) {
      const outcome = { kind: 'cancelled', code: reason.code } as const;
      tell({ kind: 'run.finished', runId: run.id, outcome, stderrTail: '' });
      ends.delete(run.id);
    }
    for (const { run, reasons } of pause) {
      const codes = reasons.map(({ code }) => code);
      tell({ kind: 'run.paused', runId: run.id, reasons: codes, cpuUs: 0 });
      ends.delete(run.id);
    }
    for (const run of resume) {
      tell({ kind: 'run.resumed', runId: run.id });
      tell({ kind: 'run.thawed', runId: run.id, frozenMs: 0, cpuUsWhileFrozen: 0 });
      begin(run, atMs);
    }
    admissions.forEach(admit);
    const { order, cancel } = restart;
    if (cancel !== undefined) {
      tell({ kind: 'restart.cancelled', code: cancel.code, message: cancel.message });
    }
    if (order !== undefined) tell({ kind: 'restart.ordered', hostId: host.id, ...order });
    const done = stop.length + pause.length + resume.length + admissions.length;
    return done > 0 || order !== undefined || cancel !== undefined;
  }

  /** When the machine restarts, where that was ordered and is still to come; ms since the epoch. */
  function restartAtMs(): number {
    const { restart } = world;
    const isToCome = restart?.failed === undefined && (restart?.atMs ?? 0) > span.nowMs;
    return restart !== undefined && isToCome ? restart.atMs : Infinity;
  }

  /** Nobody is at it then either. */
  function restarted(bootMs: number): void {
    machine = startedAt(machine, bootMs);
    if (world.bootId === undefined) return;
    const bootId = `assumed at ${String(bootMs)}`;
    tell({ kind: 'host.attached', hostId: host.id, instanceId: bootId, bootId });
  }

  function step(): boolean {
    if (isOver || steps >= STEPS_MAX || chances.length >= RUNS_MAX) return false;
    steps += 1;
    for (const [runId, { endMs, chance }] of [...ends]) if (endMs <= atMs) finish(runId, chance);
    if (startedAtMs <= atMs) {
      machine = { ...machine, attached: true, level: machine.level ?? policy.confinement };
    }
    if (restartAtMs() <= atMs) restarted(restartAtMs());
    const plan = decide(world, machine, policy, atMs);
    if (follow(plan)) return true;
    latest = waitsOf(plan);
    if (atMs >= span.fromMs) asked ??= latest;
    const nextMs = nextAfter(plan);
    isOver = nextMs > span.toMs;
    if (!isOver) atMs = nextMs;
    return !isOver;
  }

  function nextAfter({ lookAgainAtMs = Infinity }: Plan): number {
    const endsAtMs = [...ends.values()].map(({ endMs }) => endMs);
    const instants = [lookAgainAtMs, span.fromMs, restartAtMs(), startedAtMs, ...endsAtMs];
    return Math.min(...instants.filter((each) => each > atMs));
  }

  for (const run of world.runs.values()) {
    if (holdsSlot(run) && run.phase.kind !== 'paused') begin(run, run.admittedAtMs);
  }
  return {
    step,
    begins: (key) => begun.has(key),
    told: () => ({
      chances: [
        ...chances.sort(byBeginning),
        ...latest.filter((waits) => !chances.some(isSameAs(waits))),
      ],
      waiting: asked ?? [],
      ...(isOver ? {} : { computedUntilMs: atMs }),
    }),
  };
}

/** Not attached since a moment ago, or being tried: that passes, and is not how the machine is. */
function isStarting({ attached, level, servedSinceMs }: HostView, nowMs: number): boolean {
  return attached ? level === undefined : nowMs - servedSinceMs < STARTS_MS;
}

function byBeginning({ atMs: a = Infinity }: Chance, { atMs: b = Infinity }: Chance): number {
  return a < b ? -1 : Number(a > b);
}

function waitsOf({ waiting, paused }: Plan): Waits[] {
  return [
    ...paused.map(({ run, reasons }) => {
      const { updaterId, work } = run;
      return { key: keyOf(run), updaterId, work, reasons };
    }),
    ...waiting.map(({ subject, reasons }) => {
      const { key, updater, work } = subject;
      return { key, updaterId: updater.id, work, reasons };
    }),
  ];
}

/** Whether a run of the same action was told of already: of what is repeated, as scans are. */
function isSameAs(waits: Waits): (chance: Chance) => boolean {
  const action: ActionName = actionOf(waits);
  return (chance) => chance.key === waits.key && actionOf(chance) === action;
}
