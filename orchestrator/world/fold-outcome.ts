// What the end of a run makes of its update and of its updater: the next action, the next attempt, or
// the end of it.

import { actionFrom } from './action-since.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, type Outcome, type Run } from '../runs/run.js';
import { STEPS_MAX, type Update } from '../runs/update.js';
import { unmark } from './bad-marks.js';
import {
  foldKnownBad,
  foldLeftBehind,
  foldMendingFailed,
  foldReverted,
  foldRolledBack,
  givenUpAsBad,
  isMending,
  takenUp,
} from './fold-mending.js';
import { backoffMs, badContentMs, isWaitForOthers, scanJitter } from './retry.js';
import {
  askedMs,
  badContentAfter,
  failedTrials,
  isServerDown,
  waitForOthers,
  type Failure,
} from './trials.js';
import {
  noTrials,
  updateKey,
  type MutableWorld,
  type Trials,
  type UpdaterState,
  type UpdateState,
} from './world.js';

const HOUR_MS = 3_600_000;

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
  switch (outcome.kind) {
    case 'failed': {
      const scanTrials = scanFailed(updater, run, outcome, atMs, retry);
      world.updaters.set(run.updaterId, { ...updater, scanTrials });
      return;
    }
    case 'succeeded':
      world.updaters.set(run.updaterId, {
        ...updater,
        lastScanAtMs: atMs,
        scanJitter: scanJitter(run.hostId, run.updaterId),
        scanTrials: noTrials,
      });
      return;
    case 'cancelled': {
      // Nobody's failure; but where it had begun, it may have asked its server already.
      if (run.phase.kind === 'admitted') return;
      const notBeforeMs = Math.max(updater.scanTrials.notBeforeMs, atMs + scanFloorMs(updater));
      const scanTrials = { ...updater.scanTrials, failedAtMs: atMs, notBeforeMs };
      world.updaters.set(run.updaterId, { ...updater, scanTrials });
      return;
    }
    case 'more_to_do':
    case 'gone':
      return;
  }
}

/** What lies between two attempts at a scan at the least. */
export function scanFloorMs(updater: UpdaterState | undefined): number {
  return (updater?.accepted?.version.manifest.scan.floor_h ?? 0) * HOUR_MS;
}

function scanFailed(
  updater: UpdaterState,
  run: Run,
  outcome: Failure,
  atMs: number,
  retry: Policy['retry'],
): Trials {
  const { code } = outcome;
  const before = updater.scanTrials;
  if (isWaitForOthers(code)) {
    const waits = waitForOthers(before, run, outcome, atMs, retry);
    // Only who found another at work has asked nobody for anything.
    const floorMs = code === 'LOCK_HELD' ? 0 : scanFloorMs(updater);
    return { ...waits, notBeforeMs: Math.max(waits.notBeforeMs, atMs + floorMs) };
  }
  const failureCount = before.failureCount + 1;
  const badContentCount = badContentAfter(before, run, outcome);
  const waitMs =
    badContentCount > 0
      ? badContentMs(retry, badContentCount, run.id)
      : outcome.retry
        ? backoffMs(retry, failureCount, run.id)
        : retry.giveUpMs;
  return failedTrials(
    failureCount,
    badContentCount,
    outcome,
    atMs,
    Math.max(waitMs, scanFloorMs(updater)),
    retry,
  );
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
  const judged = isEndless(state, outcome) ? endless : outcome;
  switch (judged.kind) {
    case 'more_to_do':
      if (foldKnownBad(world, key, state)) return;
      world.updates.set(key, {
        ...takenUp(state),
        update: furthered(state.update, judged),
        ...actionFrom(world, atMs),
        trials: noTrials,
        stepCount: stepsOf(state) + 1,
        ...(judged.nextAction === 'reboot' ? { restartCount: (state.restartCount ?? 0) + 1 } : {}),
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
      foldLeftBehind(world, key, judged);
      return;
    case 'failed':
      if (isMending(actionOf(run))) {
        const failed = { run, failure: judged, waitMs: askedMs(judged, retry), atMs };
        foldMendingFailed(world, key, state, failed, retry);
        return;
      }
      performFailed(world, key, countedAnew(state, judged), run, judged, atMs, retry);
      foldLeftBehind(world, key, judged);
      return;
  }
}

const endless: Failure = {
  ...{ kind: 'failed', code: 'CONTRACT_BROKEN', retry: false },
  message: `it said ${String(STEPS_MAX)} times that there is more to do, and was never done`,
};

function isEndless(state: UpdateState, { kind }: Outcome): boolean {
  return kind === 'more_to_do' && stepsOf(state) >= STEPS_MAX;
}

/** Who wants it all the same gets as many again. */
function countedAnew(state: UpdateState, judged: Failure): UpdateState {
  return judged === endless ? { ...state, stepCount: 0 } : state;
}

function stepsOf({ stepCount = 0 }: UpdateState): number {
  return stepCount;
}

/** What was expected before was of the action that is done. */
function furthered(
  { expectedS: _ofBefore, ...update }: Update,
  { nextAction, expectedS }: Extract<Outcome, { kind: 'more_to_do' }>,
): Update {
  return { ...update, nextAction, ...(expectedS === undefined ? {} : { expectedS }) };
}

function performFailed(
  world: MutableWorld,
  key: string,
  state: UpdateState,
  run: Run,
  outcome: Failure,
  atMs: number,
  retry: Policy['retry'],
): void {
  const action = actionOf(run);
  const { code, message } = outcome;
  const failureCount = state.trials.failureCount + 1;
  const lastFailure = { code, message };
  // An operator wanted it: why it was given up before is past, but for what is marked as bad.
  const goesOn = { ...takenUp(state), ...givenUpAsBad(world, state.updaterId, state.update) };
  if (isWaitForOthers(code) || isServerDown(outcome)) {
    const trials = waitForOthers(state.trials, run, outcome, atMs, retry);
    world.updates.set(key, { ...goesOn, trials });
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
  const badContentCount = badContentAfter(state.trials, run, outcome);
  const waitMs =
    badContentCount > 0
      ? badContentMs(retry, badContentCount, run.id)
      : action === 'download'
        ? backoffMs(retry, failureCount, run.id)
        : failureCount < retry.failuresMax
          ? retry.installMs
          : retry.giveUpMs;
  const trials = failedTrials(failureCount, badContentCount, outcome, atMs, waitMs, retry);
  world.updates.set(key, { ...goesOn, trials });
}
