// A virtual machine: the real `decide` and the real fold over a journal in memory, on a clock that
// jumps from one edge of the trace to the next. It plays the host, too: it holds the guard.
//
//   edge of the trace ─▶ readings ─▶ guard ─▶ freeze      (the host, by itself)
//                             └────▶ decide ─▶ admit, resume, pause, stop ─▶ facts ─▶ fold
//
// Invariants:
//   S1. Nothing is polled: the machine wakes at edges, at the end of a run, and when the last plan
//       said that it would change by itself.
//   S2. What can be frozen is frozen at the edge, `reactionMs` late. A step that cannot be frozen
//       runs to its end, whoever comes back.

import { objections } from '../../conditions/requirement.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { HostView } from '../scheduler/host-view.js';
import type { Admission, Plan } from '../scheduler/plan.js';
import { emptyWorld, foldEntry } from '../world/fold.js';
import type { World } from '../world/world.js';
import { actionOf, endOf, type Errand, type Ride } from './errand.js';
import { historyOf, hourFacts } from './past.js';
import { scenePublisher } from './scene.js';
import type { Span } from './span.js';
import { walk } from './walk.js';

export type Decide = (world: World, host: HostView, policy: Policy, nowMs: number) => Plan;

export interface MachineSettings {
  readonly decide: Decide;
  readonly policy: Policy;
  /** From a person's return to the frozen sandbox. */
  readonly reactionMs: number;
}

/** Turns at one instant; a plan that never comes to rest is a bug in `decide`. */
const TURNS_MAX = 50;

/** What the host holds. */
interface Held {
  readonly admission: Admission;
  readonly leftMs: number;
  /** Since when it runs; absent while it is frozen. */
  readonly runningSinceMs?: number;
  /** Somebody came back in the middle of a step. */
  readonly caught?: boolean;
}

/**
 * What policy says of a fleet, and of whom it trusts or holds back, is not about a recorded machine, nor about
 * the update that is made up for it: it would wait for others for ever.
 */
function onOneMachine(policy: Policy): Policy {
  const rollout = { ...policy.rollout, rings: [] };
  const publishers = [scenePublisher];
  return { ...policy, publishers, scopes: ['user-mode'], groups: [], holds: [], rollout };
}

/** Runs one errand to its end, or until nobody looks any more. */
export function runErrand(errand: Errand, settings: MachineSettings): Ride {
  const { decide, reactionMs } = settings;
  const policy = onOneMachine(settings.policy);
  const { stepMs, trace } = errand;
  const untilMs = endOf(errand);
  const world = emptyWorld();
  const ran: Span[] = [];
  let nowMs = errand.arrivalMs;
  let leftMs = errand.workMs;
  let interruptions = 0;
  let held: Held | undefined;
  const end: { finishedAtMs?: number } = {};

  function tell(fact: Fact, atMs = nowMs): void {
    const entry = { sequence: world.sequence + 1, atMs, fact, body: '', hash: '' };
    foldEntry(world, entry, policy.retry);
  }

  const at = walk(trace, errand.arrivalMs, untilMs);
  const host: HostView = {
    id: trace.device,
    attached: true,
    readings: at.readings,
    diskPath: '/',
    level: 'sealed', // As strongly as any policy wants: that is not what a recording tells.
    servedSinceMs: trace.startMs - policy.waiting.startUpMs - 1,
  };

  function turn(): number {
    for (let count = 0; count < TURNS_MAX; count += 1) {
      const plan = decide(world, host, policy, nowMs);
      if (!follow(plan)) return plan.lookAgainAtMs ?? Number.POSITIVE_INFINITY;
    }
    throw new Error(`${trace.device}: a plan does not come to rest`);
  }

  /** Does what the plan says; false when there was nothing to do. */
  function follow(plan: Plan): boolean {
    for (const { run, reason } of plan.stop) {
      settle(nowMs);
      tell({
        kind: 'run.finished',
        runId: run.id,
        outcome: { kind: 'cancelled', code: reason.code },
        stderrTail: '',
      });
      held = undefined;
    }
    for (const run of plan.resume) {
      if (held === undefined) continue;
      tell({ kind: 'run.resumed', runId: run.id });
      tell({ kind: 'run.thawed', runId: run.id, frozenMs: 0, cpuUsWhileFrozen: 0 });
      held = { ...held, runningSinceMs: nowMs };
    }
    for (const admission of plan.admit) admit(admission);
    return plan.stop.length + plan.resume.length + plan.admit.length > 0;
  }

  function admit(admission: Admission): void {
    const { runId, epoch, attempt, subject } = admission;
    const { work, updater, level } = subject;
    tell({
      kind: 'run.admitted',
      ...{ runId, epoch, attempt, work, hostId: trace.device, intrusion: level },
      ...{ updaterId: updater.id, updaterVersion: updater.current.version },
    });
    tell({ kind: 'run.started', runId, sandboxSha256: '', launchMs: 0 });
    const size = stepMs === 0 ? leftMs : Math.min(stepMs, leftMs);
    held = { admission, leftMs: size, runningSinceMs: nowMs };
  }

  /** Books what ran until then. */
  function settle(toMs: number): void {
    if (held?.runningSinceMs === undefined) return;
    const spentMs = toMs - held.runningSinceMs;
    const last = ran.at(-1);
    if (last?.toMs === held.runningSinceMs) ran[ran.length - 1] = { ...last, toMs };
    else if (spentMs > 0) ran.push({ fromMs: held.runningSinceMs, toMs });
    leftMs -= spentMs;
    held = { ...held, leftMs: held.leftMs - spentMs, runningSinceMs: toMs };
  }

  /** The host's own loop: it asks nobody. */
  function guard(): void {
    if (held?.runningSinceMs === undefined) return;
    const broken = objections(held.admission.guard, host.readings, nowMs);
    if (broken.length === 0 || held.caught === true) return;
    const frozenMs = nowMs + reactionMs;
    if (stepMs === 0 && endOfRun() <= frozenMs) return; // It is done before it could be frozen.
    interruptions += 1;
    if (stepMs > 0) {
      held = { ...held, caught: true }; // S2
      return;
    }
    settle(frozenMs); // S2
    const { admission, leftMs: left } = held;
    held = { admission, leftMs: left };
    const reasons = broken.map(({ code }) => code);
    tell({ kind: 'run.paused', runId: admission.runId, reasons, cpuUs: 0 });
  }

  function finish(): void {
    if (held === undefined) return;
    settle(nowMs);
    const done = leftMs <= 0;
    const outcome = done
      ? ({ kind: 'succeeded' } as const)
      : ({ kind: 'more_to_do', nextAction: actionOf(errand) } as const);
    tell({ kind: 'run.finished', runId: held.admission.runId, outcome, stderrTail: '' });
    held = undefined;
    if (done) end.finishedAtMs = nowMs;
  }

  const isOpen = (): boolean => end.finishedAtMs === undefined;
  const endOfRun = (): number =>
    held?.runningSinceMs === undefined ? Infinity : held.runningSinceMs + held.leftMs;

  for (const { fact, atMs } of historyOf(errand, policy)) tell(fact, atMs);
  const hours = hourFacts(trace, errand.arrivalMs, untilMs, policy);
  let lookAgainAtMs = turn();
  while (isOpen()) {
    const atMs = Math.min(at.nextMs(), lookAgainAtMs, endOfRun());
    if (atMs > untilMs) break;
    nowMs = atMs;
    for (const { fact, atMs: toldAtMs } of hours.until(nowMs)) tell(fact, toldAtMs);
    if (endOfRun() <= nowMs) finish();
    while (at.nextMs() <= nowMs) {
      at.step();
      guard();
    }
    if (isOpen()) lookAgainAtMs = turn();
  }
  if (isOpen()) settle(Math.min(endOfRun(), untilMs));
  return { ran, interruptions, ...end };
}
