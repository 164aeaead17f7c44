// The first question: may it run at all, whatever the machine is doing?

import { formatDuration } from '../../conditions/words.js';
import type { Reason } from '../../conditions/reason.js';
import type { Trials } from '../world/world.js';
import type { Subject } from './subject.js';

const HOUR_MS = 3_600_000;

/** Every reason why it may not; empty when it may. */
export function objectionsToRunning(subject: Subject, nowMs: number): Reason[] {
  return [...trustObjections(subject), ...timeObjections(subject, nowMs)];
}

function trustObjections({ updater, manifest, action }: Subject): Reason[] {
  if (updater.state === 'suspended') {
    return [{ code: 'UPDATER_SUSPENDED', message: `${updater.id} is suspended: ${updater.why}` }];
  }
  if (updater.state !== 'enabled' || manifest === undefined) {
    const message = `${updater.id} waits for an operator: lull updaters enable ${updater.id}`;
    return [{ code: 'UPDATER_NOT_ENABLED', message }];
  }
  if (action !== 'scan' && !manifest.actions.includes(action)) {
    const message = `${updater.id} asks for ${action}, which its manifest does not declare`;
    return [{ code: 'ACTION_NOT_DECLARED', message }];
  }
  return [];
}

function timeObjections(subject: Subject, nowMs: number): Reason[] {
  const { state, interrupted } = subject;
  if (interrupted?.phase.kind === 'interrupted') {
    const { retryAtMs, code } = interrupted.phase;
    return waits(retryAtMs, nowMs, `attempt ${String(interrupted.attempt + 1)} after ${code}`);
  }
  if (state === undefined) return scanObjections(subject, nowMs);
  if (state.gaveUp !== undefined) {
    const message = `${state.update.title} ${state.update.toVersion}: ${state.gaveUp.message}`;
    return [{ code: 'GAVE_UP', message }];
  }
  return trialObjections(state.trials, nowMs);
}

function scanObjections({ updater, manifest }: Subject, nowMs: number): Reason[] {
  const retry = trialObjections(updater.scanTrials, nowMs);
  if (retry.length > 0) return retry;
  if (updater.lastScanAtMs === undefined || manifest === undefined) return [];
  // A clock that was set back must not put a scan off for ever.
  const sinceMs = Math.max(0, nowMs - updater.lastScanAtMs);
  const dueAtMs = updater.lastScanAtMs + manifest.scan.sla_h * HOUR_MS;
  if (nowMs >= dueAtMs) return [];
  return [
    {
      code: 'SCAN_NOT_DUE',
      message: `scanned ${formatDuration(sinceMs)} ago, next in ${formatDuration(dueAtMs - nowMs)}`,
      untilMs: dueAtMs,
    },
  ];
}

function trialObjections(trials: Trials, nowMs: number): Reason[] {
  const failure = trials.lastFailure;
  const what =
    failure === undefined
      ? 'the next attempt'
      : `attempt ${String(trials.failureCount + 1)} after ${failure.code} (${failure.message})`;
  return waits(trials.notBeforeMs, nowMs, what);
}

function waits(notBeforeMs: number, nowMs: number, what: string): Reason[] {
  if (nowMs >= notBeforeMs) return [];
  const message = `${what} waits another ${formatDuration(notBeforeMs - nowMs)}`;
  return [{ code: 'RETRY_LATER', message, untilMs: notBeforeMs }];
}
