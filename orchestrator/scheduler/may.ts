// The first question: may it run at all, whatever the machine is doing?

import { formatDuration } from '../../conditions/words.js';
import type { Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import { coversId } from '../trust/publisher.js';
import { distrust } from '../trust/vouched.js';
import { subjectKeyOf, type Trials, type UpdaterState, type World } from '../world/world.js';
import { breakerObjections } from './breaker.js';
import { notBeforeMs } from './network-wait.js';
import { mends } from './requirements.js';
import type { Subject } from './subject.js';
import { updateName } from './update-name.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Every reason why it may not; empty when it may. */
export function objectionsToRunning(
  subject: Subject,
  world: World,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  return [
    ...trustObjections(subject, policy),
    ...scopeObjections(subject, policy),
    ...expiryObjections(subject, world, nowMs),
    ...orderObjections(subject, world, policy, nowMs),
    // Its attempts at mending are bounded as they are, and what it installed must not stay meanwhile.
    ...(mends(subject.action, subject.state)
      ? []
      : breakerObjections(subject.updater, policy, nowMs)),
    ...quotaObjections(subject.updater, policy, nowMs),
    // An operator who wants it now has read why it waits.
    ...(subject.demanded ? [] : timeObjections(subject, readings, policy, nowMs)),
  ];
}

/** Who may run: what was accepted, is not suspended, and is of a publisher that policy trusts. */
export function trustObjections(
  subject: Pick<Subject, 'updater' | 'manifest' | 'action'>,
  policy: Policy,
): Reason[] {
  return [...acceptanceObjections(subject), ...publisherObjections(subject.updater, policy)];
}

function acceptanceObjections({
  updater,
  manifest,
  action,
}: Pick<Subject, 'updater' | 'manifest' | 'action'>): Reason[] {
  if (updater.state === 'suspended') {
    const message = `${updater.id} is suspended: ${updater.why}`;
    return [{ code: 'UPDATER_SUSPENDED', message, ...since(updater.sinceMs) }];
  }
  if (updater.state !== 'enabled' || manifest === undefined) {
    const { id, current } = updater;
    const message = `${id} ${current.version} waits for an operator: "lull updaters" shows what it asks for, and how to accept that`;
    return [{ code: 'UPDATER_NOT_ENABLED', message, ...since(updater.sinceMs) }];
  }
  if (action !== 'scan' && action !== 'revert' && !manifest.actions.includes(action)) {
    const message = `${updater.id} asks for ${action}, which its manifest does not declare`;
    return [{ code: 'ACTION_NOT_DECLARED', message }];
  }
  return [];
}

/** Whether policy trusts whoever vouches for what was accepted, or would be. */
export function publisherObjections(
  { accepted, current }: Pick<UpdaterState, 'accepted' | 'current'>,
  policy: Policy,
): Reason[] {
  const { version } = accepted ?? { version: current };
  const message = distrust(version, policy);
  return message === undefined
    ? []
    : [{ code: 'PUBLISHER_UNKNOWN', message, about: version.publisher }];
}

/** Also of what was accepted under a policy that allowed more. What is installed is looked after all the same. */
function scopeObjections(
  { manifest, action, updater, state }: Subject,
  { scopes }: Policy,
): Reason[] {
  if (manifest === undefined || mends(action, state) || scopes.includes(manifest.scope)) return [];
  const message = `${updater.id} touches "${manifest.scope}", which policy does not allow; it allows ${scopes.join(', ') || 'nothing'}`;
  return [{ code: 'SCOPE_REFUSED', message, measured: manifest.scope, limit: scopes.join(', ') }];
}

/**
 * Of what was accepted for a time: nothing of it begins after that. A clock that was set back prolongs nothing: time
 * goes on from the latest instant in the journal (T11). What was begun is looked after all the same.
 */
function expiryObjections(
  { action, state, updater: { id, accepted } }: Subject,
  { latestMs }: World,
  nowMs: number,
): Reason[] {
  const untilMs = accepted?.untilMs;
  if (untilMs === undefined || Math.max(nowMs, latestMs) < untilMs) return [];
  if (mends(action, state)) return [];
  const message = `${id} was accepted for a time, which is over: accept it again with "lull updaters enable"`;
  return [{ code: 'ACCEPTANCE_EXPIRED', message, sinceMs: untilMs }];
}

/** The trip switch, vetoes and holds: what people said. */
export function orderObjections(
  subject: Pick<Subject, 'key' | 'updater'>,
  world: World,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const reasons: Reason[] = [];
  const { tripped } = world;
  if (tripped !== undefined && nowMs < tripped.untilMs) {
    const message = `the trip switch is on: ${tripped.why}`;
    const { sinceMs, untilMs } = tripped;
    reasons.push({ code: 'TRIPPED', message, sinceMs, untilMs });
  }
  for (const { id, owner, why, sinceMs, untilMs } of world.vetoes.values()) {
    if (nowMs >= untilMs) continue;
    const message = `${owner} objects (${id}): ${why}`;
    reasons.push({ code: 'VETOED', message, about: id, sinceMs, untilMs });
  }
  for (const key of new Set([subject.updater.id, subject.key])) {
    const hold = world.holds.get(key);
    if (hold === undefined || nowMs >= hold.untilMs) continue;
    const { why, sinceMs, untilMs } = hold;
    reasons.push({ code: 'HELD', message: `held back: ${why}`, about: key, sinceMs, untilMs });
  }
  return [...reasons, ...policyHolds(subject, policy, nowMs)];
}

/** Holds that stand in the policy file. */
function policyHolds(
  { key, updater }: Pick<Subject, 'key' | 'updater'>,
  { holds }: Policy,
  nowMs: number,
): Reason[] {
  return holds.flatMap(({ updater: pattern, update, why, untilMs }): Reason[] => {
    const covers = coversId(pattern, updater.id);
    const meant = update === undefined || key === subjectKeyOf(updater.id, update);
    if (!covers || !meant || nowMs >= untilMs) return [];
    const until = Number.isFinite(untilMs) ? { untilMs } : {};
    const message = `held back by the policy file: ${why}`;
    return [{ code: 'HELD', message, about: `policy ${pattern}`, ...until }];
  });
}

function quotaObjections(updater: UpdaterState, policy: Policy, nowMs: number): Reason[] {
  const { runsPerMinuteMax } = policy;
  const oldest = updater.admissionsAtMs.at(-runsPerMinuteMax);
  if (oldest === undefined || nowMs - oldest >= MINUTE_MS || nowMs < oldest) return [];
  const message = `${updater.id} started ${String(runsPerMinuteMax)} runs within a minute`;
  const counted = { measured: runsPerMinuteMax, limit: runsPerMinuteMax, unit: 'count' } as const;
  const reached = since(updater.admissionsAtMs.at(-1));
  return [{ code: 'QUOTA', message, ...counted, ...reached, untilMs: oldest + MINUTE_MS }];
}

function timeObjections(
  subject: Subject,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const { state, interrupted } = subject;
  if (interrupted?.phase.kind === 'interrupted') {
    const { sinceMs, retryAtMs } = interrupted.phase;
    const what = `attempt ${String(interrupted.attempt + 1)} after ${failureWords(interrupted.phase)}`;
    return waits(sinceMs, retryAtMs, nowMs, what);
  }
  if (state === undefined) return scanObjections(subject, readings, policy, nowMs);
  if (state.gaveUp !== undefined) {
    const message = `${updateName(state.update)}: ${state.gaveUp.message}`;
    const { code, sinceMs } = state.gaveUp;
    const known = code === 'MARKED_BAD' || code === 'LOST' ? code : 'GAVE_UP';
    return [{ code: known, message, ...since(sinceMs) }];
  }
  return trialObjections(state.trials, notBeforeMs(state.trials, 0, readings, policy), nowMs);
}

function scanObjections(
  { updater, manifest }: Subject,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const floorMs = (manifest?.scan.floor_h ?? 0) * HOUR_MS;
  const { scanTrials } = updater;
  const fromMs = notBeforeMs(scanTrials, floorMs, readings, policy);
  const retry = trialObjections(scanTrials, fromMs, nowMs);
  if (retry.length > 0) return retry;
  if (updater.lastScanAtMs === undefined || manifest === undefined) return [];
  // A clock that was set back must not put a scan off for ever.
  const sinceMs = nowMs - updater.lastScanAtMs;
  if (sinceMs < 0) return [];
  const everyMs = manifest.scan.sla_h * HOUR_MS * (1 - updater.scanJitter);
  const dueAtMs = updater.lastScanAtMs + everyMs;
  if (nowMs >= dueAtMs) return [];
  return [
    {
      code: 'SCAN_NOT_DUE',
      message: `scanned ${formatDuration(sinceMs)} ago, next in ${formatDuration(dueAtMs - nowMs)}`,
      ...{ measured: sinceMs, limit: everyMs, unit: 'ms' },
      sinceMs: updater.lastScanAtMs,
      untilMs: dueAtMs,
    },
  ];
}

function trialObjections(trials: Trials, fromMs: number, nowMs: number): Reason[] {
  const failure = trials.lastFailure;
  const what =
    failure === undefined
      ? 'the next attempt'
      : `attempt ${String(attemptsOf(trials) + 1)} after ${failureWords(failure)}`;
  return waits(trials.failedAtMs ?? 0, fromMs, nowMs, what);
}

/** Those that counted, and those that were nobody's failure. */
function attemptsOf({ failureCount, waitCount = 0 }: Trials): number {
  return failureCount + waitCount;
}

/** The code, and what was said besides. */
export function failureWords({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}) {
  return message === '' ? code : `${code} (${message})`;
}

/** A clock that was set back to before `sinceMs` has taken the wait with it. */
export function waits(sinceMs: number, notBeforeMs: number, nowMs: number, what: string): Reason[] {
  if (nowMs >= notBeforeMs || nowMs < sinceMs) return [];
  const message = `${what} waits another ${formatDuration(notBeforeMs - nowMs)}`;
  if (sinceMs === 0) return [{ code: 'RETRY_LATER', message, untilMs: notBeforeMs }];
  const waited = { measured: nowMs - sinceMs, limit: notBeforeMs - sinceMs, unit: 'ms' } as const;
  return [{ code: 'RETRY_LATER', message, ...waited, sinceMs, untilMs: notBeforeMs }];
}

function since(sinceMs: number | undefined): Pick<Reason, 'sinceMs'> {
  return sinceMs === undefined ? {} : { sinceMs };
}
