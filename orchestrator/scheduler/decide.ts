// decide: the one place where it is settled who runs, who waits and why.
//
// For every subject it asks, and keeps every reason, never only the first:
//   may it at all?  ->  is now a good moment, at the level its urgency allows?  ->  will it fit?
//   ->  is there a slot?
// For every run that holds a slot: must it stop, must it pause, may it go on, does it give way?
//
// Invariants:
//   D1. Pure, total, deterministic: the same arguments give the same plan.
//   D2. Every subject is admitted or has at least one reason.
//   D3. Nothing is admitted or resumed while a requirement is closed or unknown.
//   D4. No more runs hold a slot than policy has slots, and none beside what it conflicts with.

import { objections } from '../../conditions/requirement.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type Run } from '../runs/run.js';
import type { World } from '../world/world.js';
import { appObjections } from './apps.js';
import { installRootsOf } from './asked-about.js';
import { quietObjections } from './fit.js';
import { confinementObjections } from './confinement.js';
import { attachmentObjections, heldRuns } from './held.js';
import { givingWay } from './give-way.js';
import type { HostView } from './host-view.js';
import { windowObjections } from './hours.js';
import { nextInstant } from './instants.js';
import { objectionsToRunning } from './may.js';
import { mendingObjections } from './mending.js';
import { ringObjections } from './rings.js';
import { resumeObjections } from './network-wait.js';
import { compareSubjects } from './order.js';
import type { Admission, Plan, Waiting } from './plan.js';
import { mends, toContinue, toStart } from './requirements.js';
import { quotaObjections } from './over-quota.js';
import { restartObjections, restartPlan } from './restart.js';
import { groupObjections } from './groups.js';
import { slotObjections, type Occupant } from './slots.js';
import { subjectsOf, usesNetwork, type Subject } from './subject.js';

export function decide(world: World, host: HostView, policy: Policy, nowMs: number): Plan {
  const held = [...world.runs.values()].filter(holdsSlot);
  const mayHold = heldRuns(held, world, host, policy, nowMs);
  const { admit, waiting, running } = admissions(world, held, host, policy, nowMs);
  const giving = givingWay(waiting, running, mayHold.paused, host.readings, policy, nowMs);
  const heldPlan = { ...mayHold, ...giving, stop: [...mayHold.stop, ...giving.stop] };
  const reasons = [
    ...[...waiting, ...heldPlan.paused, ...heldPlan.pause, ...heldPlan.stop].flatMap(
      (each) => each.reasons,
    ),
  ];
  const next = nextInstant(waiting, reasons, world, policy, nowMs);
  const lookAgain = next === undefined ? {} : { lookAgainAtMs: next };
  const isBusy = held.length > 0 || admit.length > 0;
  const restart = restartPlan(waiting, isBusy, world, host, policy, nowMs);
  return { admit, waiting, restart, ...heldPlan, ...lookAgain };
}

function admissions(
  world: World,
  held: readonly Run[],
  host: HostView,
  policy: Policy,
  nowMs: number,
): Pick<Plan, 'admit' | 'waiting'> & { readonly running: readonly Occupant[] } {
  const running: Occupant[] = held.map((run) => ({
    runId: run.id,
    updaterId: run.updaterId,
    action: actionOf(run),
    work: run.work,
    accepted: world.updaters.get(run.updaterId)?.accepted,
  }));
  const admit: Admission[] = [];
  const waiting: Waiting[] = [];
  const quietSinceOwnRun = isQuietSinceOwnRun(world, held, policy, nowMs);
  for (const subject of subjectsOf(world, policy, nowMs).sort(compareSubjects)) {
    const { action, work, updater } = subject;
    const occupant = { action, work, updaterId: updater.id, accepted: updater.accepted };
    const reasons = [
      ...objectionsTo(subject, world, host, policy, nowMs, quietSinceOwnRun),
      ...slotObjections(occupant, running, policy, host.readings), // D4
      ...(action === 'revert' ? [] : groupObjections(host, action, world, policy)),
      ...ringObjections(host.id, subject, world, policy, nowMs),
    ];
    if (reasons.length > 0) {
      waiting.push({ subject, reasons });
      continue;
    }
    const admission = admissionOf(subject, world.epoch + admit.length + 1, policy);
    admit.push(admission);
    running.push({ runId: admission.runId, ...occupant });
  }
  return { admit, waiting, running };
}

/** Every reason why `subject` cannot start now, but for the slot. */
function objectionsTo(
  subject: Subject,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
  quietSinceOwnRun: boolean,
): Reason[] {
  if (subject.action === 'revert') {
    return mendingObjections(subject, world, host, policy, nowMs);
  }
  const requirements = toStart(subject, policy, {
    diskPath: host.diskPath,
    installRoots: installRootsOf(subject.updater),
    quietSinceOwnRun,
    usesNetwork: usesNetwork(subject),
  });
  return [
    ...objectionsToRunning(subject, world, host.readings, policy, nowMs),
    ...restartObjections(subject, world, host.readings, policy, nowMs),
    ...hostObjections(subject, host, policy, nowMs),
    ...(mends(subject.action, subject.state) ? [] : windowObjections(subject.level, policy, nowMs)),
    ...objections(requirements, host.readings, nowMs), // D3
    ...resumeObjections(subject, host.readings, policy, nowMs),
    ...appObjections(subject, host.readings, policy, nowMs),
    ...quietObjections(subject, world, host.readings, policy, nowMs),
  ];
}

function isQuietSinceOwnRun(
  world: World,
  held: readonly Run[],
  policy: Policy,
  nowMs: number,
): boolean {
  const sinceMs = nowMs - world.lastRunEndedAtMs;
  return held.length === 0 && (sinceMs < 0 || sinceMs >= policy.ownLoadMs);
}

function hostObjections(subject: Subject, host: HostView, policy: Policy, nowMs: number): Reason[] {
  const reasons = [
    ...attachmentObjections(host),
    ...confinementObjections(host, policy),
    ...quotaObjections(host, subject.updater.id, nowMs),
  ];
  const untilMs = host.servedSinceMs + policy.waiting.startUpMs;
  // A clock set back would make the start lie ahead; the start-up wait ends all the same.
  if (!subject.demanded && nowMs < untilMs && nowMs >= host.servedSinceMs) {
    const [sinceMs, limit] = [host.servedSinceMs, policy.waiting.startUpMs];
    const measured = nowMs - sinceMs;
    const message = `Lull started ${formatDuration(measured)} ago and waits ${formatDuration(limit)}`;
    const waited = { about: 'lull', measured, limit, unit: 'ms' } as const;
    reasons.push({ code: 'STARTING_UP', message, ...waited, sinceMs, untilMs });
  }
  return reasons;
}

function admissionOf(subject: Subject, epoch: number, policy: Policy): Admission {
  return {
    subject,
    // R1: a run that is taken up again keeps its id; a new one is named by its fence.
    runId: subject.interrupted?.id ?? `run-${String(epoch)}`,
    epoch,
    attempt: (subject.interrupted?.attempt ?? 0) + 1,
    guard: toContinue(subject, policy),
  };
}
