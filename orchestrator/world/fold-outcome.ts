// What the end of a run makes of its update and of its updater: the next action, the next attempt, or
// the end of it.

import type { Policy } from '../policy/policy.js';
import { actionOf, type Outcome, type Run } from '../runs/run.js';
import type { Update } from '../runs/update.js';
import { unmark } from './bad-marks.js';
import {
  foldKnownBad,
  foldLeftBehind,
  foldMendingFailed,
  foldReverted,
  foldRolledBack,
  isMending,
} from './fold-mending.js';
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
  if (run.work.kind === 'revert') {
    foldReverted(world, key, state, { run, outcome, atMs }, retry);
    return;
  }
  switch (outcome.kind) {
    case 'more_to_do':
      if (foldKnownBad(world, key, state)) return;
      world.updates.set(key, {
        ...state,
        update: { ...state.update, nextAction: outcome.nextAction },
        actionSinceMs: atMs,
        trials: noTrials,
      });
      return;
    case 'succeeded':
      if (actionOf(run) === 'rollback') foldRolledBack(world, key, state);
      else if (actionOf(run) === 'verify' || !foldKnownBad(world, key, state)) {
        world.updates.delete(key);
        unmark(world, key, update);
      }
      return;
    case 'gone':
      world.updates.delete(key);
      return;
    case 'cancelled':
      // Nobody's failure: it stays as it was and waits for its moment.
      foldLeftBehind(world, key, outcome);
      return;
    case 'failed':
      if (isMending(actionOf(run))) {
        const failed = { run, failure: outcome, waitMs: askedMs(outcome), atMs };
        foldMendingFailed(world, key, state, failed, retry);
        return;
      }
      performFailed(world, key, state, run, outcome, atMs, retry);
      foldLeftBehind(world, key, outcome);
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
  const failureCount = state.trials.failureCount + 1;
  const lastFailure = { code, message };
  // Somebody else is at it, or has filled the disk: waited for, and nobody's failure.
  if (code === 'LOCK_HELD' || code === 'RUN_PENDING' || code === 'NO_SPACE' || code === 'METERED') {
    const notBeforeMs = atMs + retry.firstMs;
    const trials = { ...state.trials, lastFailure, failedAtMs: atMs, notBeforeMs };
    world.updates.set(key, { ...state, trials });
    return;
  }
  const demoted = failureCount >= retry.demotedAtCount;
  if (!outcome.retry || demoted) {
    const often = `failed ${String(failureCount)} times, at last: ${message}`;
    world.updates.set(key, {
      ...state,
      gaveUp: demoted ? { code, message: often } : lastFailure,
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

/** How long the upstream wants to be left alone. */
function askedMs({ retryAfterMs = 0 }: Extract<Outcome, { kind: 'failed' }>): number {
  return Math.min(Math.max(0, retryAfterMs), RETRY_AFTER_MS_MAX);
}
