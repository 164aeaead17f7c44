// What a run's facts make of the run, of its update and of its updater.

import type { ReasonCode } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type Outcome, type Run } from '../runs/run.js';
import type { Update } from '../runs/update.js';
import type { MutableWorld } from './fold.js';
import { backoffMs, isCrash } from './retry.js';
import { HISTORY_MAX, noTrials, updateKey, type UpdateState } from './world.js';

type RunFact = Extract<
  Fact,
  {
    kind:
      | 'run.admitted'
      | 'run.started'
      | 'run.paused'
      | 'run.resumed'
      | 'run.thawed'
      | 'run.interrupted'
      | 'run.finished';
  }
>;

export function foldRun(
  world: MutableWorld,
  fact: RunFact,
  atMs: number,
  retry: Policy['retry'],
): void {
  if (fact.kind === 'run.admitted') {
    admitted(world, fact, atMs);
    return;
  }
  const run = world.runs.get(fact.runId);
  if (run === undefined) return; // R2: late, or of a world before ours.
  switch (fact.kind) {
    case 'run.started':
      put(world, { ...run, phase: { kind: 'running' } });
      return;
    case 'run.paused':
      if (run.phase.kind === 'paused') return;
      put(world, {
        ...run,
        pauseCount: run.pauseCount + 1,
        phase: { kind: 'paused', reasons: fact.reasons, sinceMs: atMs },
      });
      return;
    case 'run.resumed':
      return; // Permission to go on; `run.thawed` says that it did.
    case 'run.thawed':
      put(world, { ...run, phase: { kind: 'running' } });
      return;
    case 'run.interrupted':
      interrupted(world, run, fact, atMs, retry);
      return;
    case 'run.finished':
      finished(world, run, fact.outcome, atMs, retry);
      return;
  }
}

function admitted(
  world: MutableWorld,
  fact: Extract<Fact, { kind: 'run.admitted' }>,
  atMs: number,
): void {
  world.epoch = Math.max(world.epoch, fact.epoch);
  const before = world.runs.get(fact.runId);
  put(world, {
    id: fact.runId,
    epoch: fact.epoch,
    attempt: fact.attempt,
    hostId: fact.hostId,
    updaterId: fact.updaterId,
    updaterVersion: fact.updaterVersion,
    work: fact.work,
    admittedAtMs: before?.admittedAtMs ?? atMs,
    pauseCount: before?.pauseCount ?? 0,
    phase: { kind: 'admitted' },
  });
}

/** The host or the updater went away. The run stays, for its next attempt (R1). */
function interrupted(
  world: MutableWorld,
  run: Run,
  fact: Extract<Fact, { kind: 'run.interrupted' }>,
  atMs: number,
  retry: Policy['retry'],
): void {
  if (run.attempt >= retry.attemptsMax) {
    const message = `${fact.message}; given up after ${String(run.attempt)} attempts`;
    finished(world, run, { kind: 'failed', code: fact.code, message, retry: true }, atMs, retry);
    return;
  }
  world.lastRunEndedAtMs = atMs;
  // Going away is nobody's failure the first time: repeated at once, then with growing waits.
  const waitMs = run.attempt === 1 ? 0 : backoffMs(retry, run.attempt - 1, run.id);
  put(world, {
    ...run,
    phase: { kind: 'interrupted', code: fact.code, retryAtMs: atMs + waitMs },
  });
}

function finished(
  world: MutableWorld,
  run: Run,
  outcome: Outcome,
  atMs: number,
  retry: Policy['retry'],
): void {
  // A crash is repeated under the same run id: only that finds the checkpoint again.
  if (outcome.kind === 'failed' && isCrash(outcome.code) && run.attempt < retry.attemptsMax) {
    const waitMs = backoffMs(retry, run.attempt, run.id);
    world.lastRunEndedAtMs = atMs;
    put(world, {
      ...run,
      phase: { kind: 'interrupted', code: outcome.code, retryAtMs: atMs + waitMs },
    });
    return;
  }
  // Lull stopped, or a newer grant took over: nobody's failure, and the same run goes on.
  if (outcome.kind === 'cancelled' && isHandover(outcome.code)) {
    world.lastRunEndedAtMs = atMs;
    put(world, { ...run, phase: { kind: 'interrupted', code: outcome.code, retryAtMs: atMs } });
    return;
  }
  if (holdsSlot(run)) world.lastRunEndedAtMs = atMs;
  world.runs.delete(run.id);
  world.history.push({ ...run, phase: { kind: 'finished', outcome, atMs } });
  if (world.history.length > HISTORY_MAX) world.history.shift();
  if (run.work.kind === 'scan') scanFinished(world, run, outcome, atMs, retry);
  else performFinished(world, run, run.work.update, outcome, atMs, retry);
}

function scanFinished(
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
    const notBeforeMs = atMs + backoffMs(retry, failureCount, run.id);
    const { code, message } = outcome;
    const scanTrials = { failureCount, notBeforeMs, lastFailure: { code, message } };
    world.updaters.set(run.updaterId, { ...updater, scanTrials });
  } else if (outcome.kind === 'succeeded') {
    world.updaters.set(run.updaterId, { ...updater, lastScanAtMs: atMs, scanTrials: noTrials });
  }
}

function performFinished(
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
        trials: noTrials,
      });
      return;
    case 'succeeded':
      if (actionOf(run) === 'rollback') giveUp(world, key, state);
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
  if (action === 'verify' && canRollBack) {
    const update = { ...state.update, nextAction: 'rollback' as const };
    world.updates.set(key, { ...state, update, trials: { ...noTrials, lastFailure } });
    return;
  }
  if (!outcome.retry) {
    world.updates.set(key, {
      ...state,
      gaveUp: lastFailure,
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
    trials: { failureCount, lastFailure, notBeforeMs: atMs + waitMs },
  });
}

/** Rolled back: this version is bad here, until a scan offers another one. */
function giveUp(world: MutableWorld, key: string, state: UpdateState): void {
  const because = state.trials.lastFailure?.message ?? 'it did not work';
  world.updates.set(key, {
    ...state,
    gaveUp: { code: 'VERIFY_FAILED', message: `rolled back: ${because}` },
  });
}

function isHandover(code: ReasonCode): boolean {
  return code === 'SHUTTING_DOWN' || code === 'SUPERSEDED';
}

function put(world: MutableWorld, run: Run): void {
  world.runs.set(run.id, run);
}
