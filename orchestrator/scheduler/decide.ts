// decide: the one place where it is settled who runs, who waits and why.
//
// For every subject it asks, and keeps every reason, never only the first:
//   may it at all?  ->  is now a good moment?  ->  is there a slot?
// For every run that holds a slot: must it stop, must it pause, may it go on?
//
// Invariants:
//   D1. Pure, total, deterministic: the same arguments give the same plan.
//   D2. Every subject is admitted or has at least one reason.
//   D3. Nothing is admitted or resumed while a requirement is closed or unknown.
//   D4. No more runs hold a slot than policy has slots.

import type { Readings } from '../../conditions/reading.js';
import { objections, type Requirement } from '../../conditions/requirement.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type Run } from '../runs/run.js';
import type { World } from '../world/world.js';
import { objectionsToRunning } from './may.js';
import { compareSubjects } from './order.js';
import { toContinue, toResume, toStart } from './requirements.js';
import { subjectsOf, type Subject } from './subject.js';

/** How long a host has to take a permission up before it is given again (ours). */
const PERMISSION_MS = 2_000;

/** A machine as it is now: what no journal knows. */
export interface HostView {
  readonly id: string;
  readonly attached: boolean;
  readonly readings: Readings;
  /** The directory whose file system takes downloads and installs. */
  readonly diskPath: string;
  /** When the orchestrator began to serve it, ms since the epoch. */
  readonly servedSinceMs: number;
}

export interface Admission {
  readonly subject: Subject;
  readonly runId: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly guard: readonly Requirement[];
}

export interface Waiting {
  readonly subject: Subject;
  readonly reasons: readonly Reason[];
}

export interface Plan {
  readonly admit: readonly Admission[];
  readonly resume: readonly Run[];
  readonly pause: readonly { readonly run: Run; readonly reasons: readonly Reason[] }[];
  readonly stop: readonly { readonly run: Run; readonly reason: Reason }[];
  readonly waiting: readonly Waiting[];
  /** Paused runs and why they stay so. */
  readonly paused: readonly { readonly run: Run; readonly reasons: readonly Reason[] }[];
  /** The next instant at which the plan changes by itself, ms since the epoch. */
  readonly lookAgainAtMs?: number;
}

export function decide(world: World, host: HostView, policy: Policy, nowMs: number): Plan {
  const held = [...world.runs.values()].filter(holdsSlot);
  const stop = held.flatMap((run) => stopOf(run, world));
  const going = held.filter((run) => !stop.some((each) => each.run.id === run.id));
  const pause = going.flatMap((run) => pauseOf(run, host, policy, nowMs));
  const paused = going
    .filter((run) => run.phase.kind === 'paused')
    .map((run) => ({ run, reasons: objectionsToResuming(run, host, policy, nowMs) }));
  const resume = paused.filter(({ reasons }) => reasons.length === 0).map(({ run }) => run);

  const { admit, waiting } = admissions(world, held, host, policy, nowMs);
  const untils = [...waiting, ...paused].flatMap(({ reasons }) =>
    reasons.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs])),
  );
  const next = untils.filter((untilMs) => untilMs > nowMs);
  return {
    admit,
    resume,
    pause,
    stop,
    waiting,
    paused: paused.filter(({ reasons }) => reasons.length > 0),
    ...(next.length === 0 ? {} : { lookAgainAtMs: Math.min(...next) }),
  };
}

function admissions(
  world: World,
  held: readonly Run[],
  host: HostView,
  policy: Policy,
  nowMs: number,
): Pick<Plan, 'admit' | 'waiting'> {
  const admit: Admission[] = [];
  const waiting: Waiting[] = [];
  for (const subject of subjectsOf(world).sort(compareSubjects)) {
    const reasons = objectionsTo(subject, world, host, policy, nowMs);
    const holder = held[0] ?? admit[0];
    if (held.length + admit.length >= policy.slots && holder !== undefined) {
      reasons.push(slotTaken(holder)); // D4
    }
    if (reasons.length > 0) waiting.push({ subject, reasons });
    else admit.push(admission(subject, world.epoch + admit.length + 1, policy));
  }
  return { admit, waiting };
}

/** Every reason why `subject` cannot start now, but for the slot. */
function objectionsTo(
  subject: Subject,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const sinceOwnRunMs = nowMs - world.lastRunEndedAtMs;
  const quietSinceOwnRun = sinceOwnRunMs < 0 || sinceOwnRunMs >= policy.ownLoadMs;
  const requirements = toStart(subject.action, subject.work, policy, {
    diskPath: host.diskPath,
    quietSinceOwnRun,
  });
  return [
    ...objectionsToRunning(subject, nowMs),
    ...hostObjections(host, policy, nowMs),
    ...objections(requirements, host.readings, nowMs),
  ];
}

function hostObjections(host: HostView, policy: Policy, nowMs: number): Reason[] {
  const reasons = attachment(host);
  const untilMs = host.servedSinceMs + policy.waiting.startUpMs;
  // A clock set back would make the start lie ahead; the start-up wait ends all the same.
  if (nowMs < untilMs && nowMs >= host.servedSinceMs) {
    const message = `Lull started ${formatDuration(nowMs - host.servedSinceMs)} ago and waits ${formatDuration(policy.waiting.startUpMs)}`;
    reasons.push({ code: 'STARTING_UP', message, untilMs });
  }
  return reasons;
}

function admission(subject: Subject, epoch: number, policy: Policy): Admission {
  return {
    subject,
    // R1: a run that is taken up again keeps its id; a new one is named by its fence.
    runId: subject.interrupted?.id ?? `run-${String(epoch)}`,
    epoch,
    attempt: (subject.interrupted?.attempt ?? 0) + 1,
    guard: toContinue(subject.action, policy),
  };
}

function slotTaken(holder: Run | Admission): Reason {
  const run = 'subject' in holder ? holder.runId : holder.id;
  return { code: 'SLOT_TAKEN', message: `${run} has the slot` };
}

function stopOf(run: Run, world: World): Plan['stop'] {
  const updater = world.updaters.get(run.updaterId);
  if (updater === undefined) {
    return [{ run, reason: { code: 'OPERATOR', message: `${run.updaterId} was withdrawn` } }];
  }
  if (updater.state === 'suspended') {
    return [{ run, reason: { code: 'UPDATER_SUSPENDED', message: updater.why } }];
  }
  return [];
}

/** The host pauses by itself; this is the second pair of eyes. */
function pauseOf(run: Run, host: HostView, policy: Policy, nowMs: number): Plan['pause'] {
  if (run.phase.kind === 'paused') return [];
  const reasons = objections(toContinue(actionOf(run), policy), host.readings, nowMs);
  return reasons.length === 0 ? [] : [{ run, reasons }];
}

function objectionsToResuming(run: Run, host: HostView, policy: Policy, nowMs: number): Reason[] {
  return [
    ...attachment(host),
    ...permission(run, nowMs),
    ...objections(toResume(actionOf(run), policy), host.readings, nowMs),
  ];
}

function attachment({ attached }: HostView): Reason[] {
  if (attached) return [];
  return [{ code: 'HOST_NOT_ATTACHED', message: 'no plugin-host is connected' }];
}

/** A host whose own sensors object is asked again after a while, not in a circle. */
function permission({ phase }: Run, nowMs: number): Reason[] {
  if (phase.kind !== 'paused' || phase.permittedAtMs === undefined) return [];
  const sinceMs = nowMs - phase.permittedAtMs;
  if (sinceMs < 0 || sinceMs >= PERMISSION_MS) return [];
  const message = `it was told ${formatDuration(sinceMs)} ago that it may go on`;
  return [{ code: 'RETRY_LATER', message, untilMs: phase.permittedAtMs + PERMISSION_MS }];
}
