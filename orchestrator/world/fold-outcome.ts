// What the end of a run makes of its update and of its updater: the next action, the next attempt, or
// the end of it.

import type { Policy } from '../policy/policy.js';
import { actionOf, type Outcome, type Run } from '../runs/run.js';
import type { Update } from '../runs/update.js';
import { backoffMs, scanJitter } from './retry.js';
import { noTrials, updateKey, type MutableWorld, type UpdateState } from './world.js';

const HOUR_MS = 3_600_000;
/** An upstream that asks for more is asked again all the same (Chromium's updater). */
const RETRY_AFTER_MS_MAX = 24 * HOUR_MS;

/** A scan has ended. */
export function foldScanned(
  world: MutableWorld,
  run: Run,
  outcome: Outcome,
  atMs: number,
  retry: Policy['retry'],
): void {
  const updater = world.updaters.get(run.updaterId);
  if (updater === undefined) return;
  if (outcome.kind === 'failed') {
    const failureCount = updater.scanTrials.failureCount + 1;
    const waitMs = outcome.retry ? backoffMs(retry, failureCount, run.id) : retry.giveUpMs;
    const floorMs = (updater.accepted?.version.manifest.scan.floor_h ?? 0) * HOUR_MS;
    const notBeforeMs = atMs + Math.max(waitMs, floorMs, askedMs(outcome));
    const { code, message } = outcome;
    const scanTrials = {
      failureCount,
      failedAtMs: atMs,
      notBeforeMs,
      lastFailure: { code, message },
    };
    world.updaters.set(run.updaterId, { ...updater, scanTrials });
  } else if (outcome.kind === 'succeeded') {
    world.updaters.set(run.updaterId, {
      ...updater,
      lastScanAtMs: atMs,
      scanJitter: scanJitter(run.hostId, run.updaterId),
      scanTrials: noTrials,
    });
  }
}

/** An action on an update has ended. */
export function foldPerformed(
  world: MutableWorld,
  run: Run,
  update: Update,
  outcome: Outcome,
  atMs: number,
  retry: Policy['retry'],
): void {
  const key = updateKey(run.updaterId, update.id);
  const state = world.updates.get(key);
  if (state === undefined) return;
  switch (outcome.kind) {
    case 'more_to_do':
      world.updates.set(key, {
        ...state,
        update: { ...state.update, nextAction: outcome.nextAction },
        actionSinceMs: atMs,
        trials: noTrials,
      });
      return;
    case 'succeeded':
      if (actionOf(run) === 'rollback') giveUp(world, key, state, atMs);
      else world.updates.delete(key);
      return;
    case 'gone':
      world.updates.delete(key);
      return;
    case 'cancelled':
      return; // Nobody's failure: it stays as it was and waits for its moment.
    case 'failed':
      performFailed(world, key, state, run, outcome, atMs, retry);
      return;
  }
}

function performFailed(
  world: MutableWorld,
  key: string,
  state: UpdateState,
  run: Run,
  outcome: Extract<Outcome, { kind: 'failed' }>,
  atMs: number,
  retry: Policy['retry'],
): void {
  const action = actionOf(run);
  const { code, message } = outcome;
  const canRollBack =
    world.updaters.get(run.updaterId)?.accepted?.version.manifest.actions.includes('rollback') ??
    false;
  const failureCount = state.trials.failureCount + 1;
  const lastFailure = { code, message };
  // Somebody else is at it, or has filled the disk: waited for, and nobody's failure.
  if (code === 'LOCK_HELD' || code === 'RUN_PENDING' || code === 'NO_SPACE' || code === 'METERED') {
    const notBeforeMs = atMs + retry.firstMs;
    const trials = { ...state.trials, lastFailure, failedAtMs: atMs, notBeforeMs };
    world.updates.set(key, { ...state, trials });
    return;
  }
  if (action === 'verify' && canRollBack) {
    const update = { ...state.update, nextAction: 'rollback' as const };
    world.updates.set(key, {
      ...state,
      update,
      actionSinceMs: atMs,
      trials: { ...noTrials, lastFailure },
    });
    return;
  }
  const demoted = failureCount >= retry.demotedAtCount;
  if (!outcome.retry || demoted) {
    const often = `failed ${String(failureCount)} times, at last: ${message}`;
    world.updates.set(key, {
      ...state,
      gaveUp: { code, message: demoted ? often : message, sinceMs: atMs },
      trials: { failureCount, lastFailure, notBeforeMs: 0 },
    });
    return;
  }
  const waitMs =
    action === 'download'
      ? backoffMs(retry, failureCount, run.id)
      : failureCount < retry.failuresMax
        ? retry.installMs
        : retry.giveUpMs;
  world.updates.set(key, {
    ...state,
    trials: {
      failureCount,
      lastFailure,
      failedAtMs: atMs,
      notBeforeMs: atMs + Math.max(waitMs, askedMs(outcome)),
    },
  });
}

/** Rolled back: this version is bad here, until a scan offers another one. */
function giveUp(world: MutableWorld, key: string, state: UpdateState, atMs: number): void {
  const because = state.trials.lastFailure?.message ?? 'it did not work';
  world.updates.set(key, {
    ...state,
    gaveUp: { code: 'VERIFY_FAILED', message: `rolled back: ${because}`, sinceMs: atMs },
  });
}

/** How long the upstream wants to be left alone. */
function askedMs({ retryAfterMs = 0 }: Extract<Outcome, { kind: 'failed' }>): number {
  return Math.min(Math.max(0, retryAfterMs), RETRY_AFTER_MS_MAX);
}
