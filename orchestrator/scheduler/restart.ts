// Restarts: of a program, and of the machine. Asked for, never taken without an operator or policy.
//
//   an update waits for a restart ─▶ NEEDS_OPERATOR ─agreed to─▶ RESTART_DUE ─nothing else is under
//   way─▶ ordered, with a warning ─▶ the machine restarts ─▶ every update that waited goes on
//
// Invariants:
//   B1. One restart serves every update that waited for it: what asked before the machine started does
//       not ask again, whoever restarted it.
//   B2. A restart is ordered only while nothing runs or could start, nothing starts between the order and
//       the restart, and it is taken back when somebody comes back, or objects, before it is due; or when
//       whoever wants it is not trusted any more. Its host takes it back by itself when what it can judge
//       does not hold any more: it may be cut off by then.
//   B3. It is never taken in active hours, unless it is overdue or wanted now.
//   B4. Whether the machine has started anew is told by the name of its start, which no clock changes;
//       by instants only where its host has no name for it.
//   B5. What asks for a restart after each that it had does not restart the machine for ever: from the fourth
//       on somebody has to want it, whatever policy agreed to.

import { objections, type Requirement } from '../../conditions/requirement.js';
import { valueOf, type Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import type { Restart, World } from '../world/world.js';
import type { HostView } from './host-view.js';
import { activeHourObjections } from './hours.js';
import { orderObjections, trustObjections } from './may.js';
import { toContinue } from './requirements.js';
import type { Subject } from './subject.js';

/** That policy takes of one version by itself (ours: what needs more mostly never has enough). */
const RESTARTS_MAX = 3;
/** A machine that has not restarted so long after it should have will not: it may be told again. */
const LATE_MS = 600_000;

export interface RestartPlan {
  /** Updates by subject key. */
  readonly order?: { readonly atMs: number; readonly updates: readonly string[] };
  /** Of the order: what its host holds by itself until then. */
  readonly guard?: readonly Requirement[];
  readonly cancel?: Reason;
}

/** Why a restart that `subject` needs has not been taken; empty when it needs none, or had it. */
export function restartObjections(
  subject: Subject,
  world: World,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const asked = subject.state === undefined ? {} : { sinceMs: subject.state.actionSinceMs };
  const pending = pendingRestart(world, readings, nowMs);
  if (subject.action === 'restart_app') {
    if (isAgreed(subject, policy) || appsAreClosed(subject, readings)) {
      return beforeRestart(pending, nowMs);
    }
    const message = `a program has to start anew: close it, or "lull run-now ${nameOf(subject)}"`;
    return [{ code: 'NEEDS_OPERATOR', message, ...asked }];
  }
  if (!needsReboot(subject, world, readings)) return beforeRestart(pending, nowMs);
  if (pending?.failed !== undefined) {
    const message = `the machine could not be told to restart (${pending.failed}): restart it when it suits`;
    return [{ code: 'NEEDS_OPERATOR', message, ...asked, untilMs: pending.atMs + LATE_MS }];
  }
  if (pending !== undefined) {
    const message = 'the machine was told to restart, and warns whoever is logged in';
    return [restartDue(pending, message, nowMs)];
  }
  if (isRestartAgreed(subject, policy)) {
    const message = 'the machine restarts when nothing else is under way';
    return [
      ...activeHourObjections(subject.level, policy, nowMs + policy.restartWarningMs), // B3
      { code: 'RESTART_DUE', message, ...asked },
    ];
  }
  const times = restartsAsked(subject) - 1;
  const again = times >= RESTARTS_MAX ? `, and did so ${String(times)} times for it` : '';
  const message = `the machine has to restart${again}: restart it when it suits, or "lull run-now ${nameOf(subject)}"`;
  return [{ code: 'NEEDS_OPERATOR', message, ...asked }];
}

/** What starts now would be cut short by the restart (B2). */
function beforeRestart(pending: Restart | undefined, nowMs: number): Reason[] {
  if (pending === undefined || pending.failed !== undefined) return [];
  return [restartDue(pending, 'the machine is about to restart', nowMs)];
}

function restartDue({ orderedAtMs, atMs }: Restart, message: string, nowMs: number): Reason {
  const untilMs = nowMs < atMs ? atMs : atMs + LATE_MS;
  return { code: 'RESTART_DUE', message, sinceMs: orderedAtMs, untilMs };
}

/**
 * Whether to restart the machine, or not to after all.
 * @param waiting what waits, with every reason.
 * @param isBusy something runs, or starts in this turn.
 */
export function restartPlan(
  waiting: readonly { readonly subject: Subject; readonly reasons: readonly Reason[] }[],
  isBusy: boolean,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): RestartPlan {
  const { readings } = host;
  const needing = waiting.filter(({ subject }) => needsReboot(subject, world, readings));
  const agreed = needing.filter(({ subject }) => isRestartAgreed(subject, policy));
  const pending = pendingRestart(world, readings, nowMs);
  if (pending !== undefined) {
    if (pending.orderedAtMs - nowMs > LATE_MS) {
      const message = 'the clock was set back: the machine is told anew when to restart';
      return { cancel: { code: 'RESTART_DUE', message } };
    }
    if (pending.failed !== undefined || nowMs >= pending.atMs) return {};
    const { atMs } = pending;
    const against = agreed.map(({ subject }) => [
      ...objectionsNow(subject, world, host, policy, nowMs),
      ...activeHourObjections(subject.level, policy, atMs), // B3: the policy may be a new one
    ]);
    if (against.some((reasons) => reasons.length === 0)) return {};
    const nobody: Reason = { code: 'OPERATOR', message: 'no update waits for it any more' };
    return { cancel: against[0]?.[0] ?? nobody }; // B2
  }
  const guards = agreed
    .filter(({ reasons }) => reasons.every(({ code }) => code === 'RESTART_DUE'))
    .map(({ subject }) => toHold(subject, policy));
  // It goes on for as long as one of them may: of the one that wants the least.
  const [guard] = guards.sort((a, b) => a.length - b.length);
  if (isBusy || guard === undefined) return {}; // B2
  const updates = needing.map(({ subject }) => subject.key); // B1
  return { order: { atMs: nowMs + policy.restartWarningMs, updates }, guard };
}

/** What has to go on holding until the machine restarts, as far as its own sensors tell it. */
function toHold(subject: Subject, policy: Policy): Requirement[] {
  return [...toContinue(subject, policy), { kind: 'no-remote-session' }];
}

/** The same, and what only its orchestrator knows. */
function objectionsNow(
  subject: Subject,
  world: World,
  { readings }: HostView,
  policy: Policy,
  nowMs: number,
): Reason[] {
  return [
    ...trustObjections(subject, policy),
    ...orderObjections(subject, world, policy, nowMs),
    ...objections(toHold(subject, policy), readings, nowMs),
  ];
}

function isAgreed({ demanded }: Subject, { restarts }: Policy): boolean {
  return demanded || restarts === 'allow';
}

/** B5. */
function isRestartAgreed(subject: Subject, policy: Policy): boolean {
  return isAgreed(subject, policy) && (subject.demanded || restartsAsked(subject) <= RESTARTS_MAX);
}

function restartsAsked({ state }: Subject): number {
  return state?.restartCount ?? 0;
}

function needsReboot({ action, state }: Subject, world: World, readings: Readings): boolean {
  if (action !== 'reboot' || state === undefined) return false;
  return !hasRestarted(state.actionSinceBoot, state.actionSinceMs, world, readings); // B1
}

/** B4: whether the machine has started anew since `sinceMs`, which was in its start `sinceBoot`. */
function hasRestarted(
  sinceBoot: string | undefined,
  sinceMs: number,
  { bootId }: World,
  readings: Readings,
): boolean {
  if (sinceBoot !== undefined && bootId !== undefined) return sinceBoot !== bootId;
  const bootAt = valueOf(readings, 'boot.at');
  return bootAt.kind === 'number' && bootAt.number > sinceMs;
}

/** The restart that was ordered and has neither happened nor been waited for in vain. */
function pendingRestart(world: World, readings: Readings, nowMs: number): Restart | undefined {
  const { restart } = world;
  if (restart === undefined || nowMs >= restart.atMs + LATE_MS) return undefined;
  const { inBoot, orderedAtMs } = restart;
  return hasRestarted(inBoot, orderedAtMs, world, readings) ? undefined : restart;
}

/** Every program that the update names is known not to run. */
function appsAreClosed({ work }: Subject, readings: Readings): boolean {
  if (work.kind === 'scan' || work.update.closedApps.length === 0) return false;
  return work.update.closedApps.every((app) => {
    const value = valueOf(readings, 'app.running', app);
    return value.kind === 'flag' && !value.flag;
  });
}

function nameOf({ work, updater }: Subject): string {
  return work.kind === 'scan' ? updater.id : work.update.id;
}
