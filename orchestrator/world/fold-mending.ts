// What was installed and does not work: put back, and remembered as bad.
//
//   committed ─verify fails, or does not answer─▶ mending ─host has put it back─▶ rollback, if declared ─▶ given up, marked
//       └─its install fails after that──────────▶    └─host cannot─▶ lost: a person has to look
//
// Invariants:
//   M1. What is put back is what the host said that it had committed. It asks no updater.
//   M2. Every way through it ends: attempts at verify, at putting back and at rollback are bounded.
//   M3. An update on its way through stays, whatever a scan says of it.
//   M4. Only what was begun here is mended: what an updater calls a verify or a rollback before anything else
//       is an action as any other.

import type { ReasonCode } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import type { Outcome, Run } from '../runs/run.js';
import type { Update } from '../runs/update.js';
import { isBadTree, markBad, markOf } from './bad-marks.js';
import { backoffMs } from './retry.js';
import { noTrials, updateKey, type Mending, type MutableWorld, type UpdateState } from './world.js';

type Failure = Extract<Outcome, { kind: 'failed' }>;
interface Because {
  readonly code: ReasonCode;
  readonly message: string;
}

/** Waits for a lock, for space or for a server, from 30 s on doubling: about an hour in all. */
const WAITS_MAX = 7;
/** A disk that takes no receipt will not take the sixth either. */
const REVERTS_MAX = 5;
/** Attempts at a verify, or a rollback, that crashes: the machine is waiting for the answer. */
const MENDING_ATTEMPTS_MAX = 2;

const waitsForOthers: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  ...(['LOCK_HELD', 'RUN_PENDING', 'NO_SPACE', 'METERED', 'UPSTREAM_DOWN'] as const),
  'RATE_LIMITED',
]);

/** How often a run is repeated that crashed. */
export function attemptsMax({ work }: Run, retry: Policy['retry']): number {
  const mends = work.kind === 'perform' && isMending(work.update.nextAction);
  return mends ? Math.min(MENDING_ATTEMPTS_MAX, retry.attemptsMax) : retry.attemptsMax;
}

export function isMending(action: string): action is 'verify' | 'rollback' {
  return action === 'verify' || action === 'rollback';
}

/** M4. */
export function noteBegun(
  world: MutableWorld,
  { updaterId, work }: Pick<Run, 'updaterId' | 'work'>,
) {
  if (work.kind !== 'perform') return;
  const { id, nextAction } = work.update;
  if (nextAction === 'download' || isMending(nextAction)) return;
  const key = updateKey(updaterId, id);
  const state = world.updates.get(key);
  if (state === undefined) return;
  world.updates.set(key, { ...notPutBack(state), begun: true });
}

/** What was put back before was another attempt's. */
function notPutBack({ putBack: _before, ...state }: UpdateState): UpdateState {
  return state;
}

/** M3: also one that a scan does not name any more, because it is installed. */
export function isUnsettled(state: UpdateState): boolean {
  const { update, offered, mending, gaveUp, committed = [] } = state;
  if (mending !== undefined || gaveUp?.code === 'LOST' || committed.length > 0) return true;
  return gaveUp === undefined && isMending(update.nextAction) && !isMending(offered);
}

/** @returns whether what an action has just left is known not to work, and is put back instead. */
export function foldKnownBad(world: MutableWorld, key: string, state: UpdateState): boolean {
  // An operator who wants it now has read that it did not work.
  if (world.demands.has(key)) return false;
  const bad = state.committed?.find(({ treeSha256 }) => isBadTree(world, key, treeSha256));
  if (bad === undefined) return false;
  const message = `${bad.path} would show again what did not work before`;
  const because = { code: 'MARKED_BAD', message } as const;
  markBad(world, key, state, because);
  mend(world, key, state, because, true);
  return true;
}

/** A verify, or a rollback, has failed for good or has not answered. */
export function foldMendingFailed(
  world: MutableWorld,
  key: string,
  state: UpdateState,
  { run, failure, waitMs, atMs }: { run: Run; failure: Failure; waitMs: number; atMs: number },
  retry: Policy['retry'],
): void {
  const { code, message } = failure;
  const action = state.update.nextAction;
  const failureCount = state.trials.failureCount + 1;
  const max = waitsForOthers.has(code) ? WAITS_MAX : action === 'verify' ? 1 : retry.failuresMax;
  if (failure.retry && failureCount < max) {
    const lastFailure = action === 'rollback' ? state.trials.lastFailure : { code, message };
    const notBeforeMs = atMs + Math.max(waitMs, backoffMs(retry, failureCount, run.id));
    const known = lastFailure === undefined ? {} : { lastFailure };
    const trials = { failureCount, failedAtMs: atMs, notBeforeMs, ...known };
    world.updates.set(key, { ...takenUp(state), trials }); // M2
    return;
  }
  if (action === 'rollback') {
    const because = { code, message: `${whyOf(state).message}; its rollback failed: ${message}` };
    if (state.putBack === true) settleBad(world, key, state, because);
    else lose(world, key, state, because.message);
    return;
  }
  const because = { code, message };
  markBad(world, key, state, because);
  if ((state.committed ?? []).length > 0) mend(world, key, state, because, true);
  else if (canRollBack(world, state)) rollBack(world, key, state, because);
  else lose(world, key, state, `${message}; nothing here can put the version before back`);
}

/** An install failed, or was stopped, after it had committed: what it left is nobody's version. */
export function foldLeftBehind(world: MutableWorld, key: string, outcome: Outcome): void {
  const state = world.updates.get(key);
  if (state === undefined || (state.committed ?? []).length === 0) return;
  if (isMending(state.update.nextAction) || !('code' in outcome)) return;
  const { code } = outcome;
  const message = outcome.kind === 'failed' ? outcome.message : 'its install was stopped';
  mend(world, key, state, { code, message }, false);
}

/** The host has put things back, or could not. */
export function foldReverted(
  world: MutableWorld,
  key: string,
  state: UpdateState,
  { run, outcome, atMs }: { run: Run; outcome: Outcome; atMs: number },
  retry: Policy['retry'],
): void {
  const { mending, ...rest } = state;
  if (mending === undefined) return;
  if (outcome.kind === 'succeeded') {
    const back: UpdateState = { ...rest, committed: [], putBack: true };
    const { because, isBad } = mending;
    if (!isBad) world.updates.set(key, back);
    else if (canRollBack(world, back)) rollBack(world, key, back, because);
    else settleBad(world, key, back, because);
    return;
  }
  if (outcome.kind !== 'failed') return;
  const failureCount = mending.failureCount + 1;
  const { message } = outcome;
  const isLost = !outcome.retry || failureCount >= REVERTS_MAX;
  world.updates.set(key, {
    ...state,
    mending: {
      ...notLost(mending),
      failureCount,
      failedAtMs: atMs,
      notBeforeMs: isLost ? 0 : atMs + backoffMs(retry, failureCount, run.id),
      ...(isLost ? { lost: `${mending.because.message}; putting it back failed: ${message}` } : {}),
    },
  });
}

/** A rollback has ended well. */
export function foldRolledBack(world: MutableWorld, key: string, state: UpdateState): void {
  if (markOf(world, state.updaterId, state.update) === undefined) {
    markBad(world, key, state, whyOf(state));
  }
  settleBad(world, key, state, whyOf(state));
}

/** What a scan must not offer again, with the reason. */
export function givenUpAsBad(
  world: MutableWorld,
  updaterId: string,
  update: Update,
): Pick<UpdateState, 'gaveUp'> {
  const mark = markOf(world, updaterId, update);
  return mark === undefined ? {} : { gaveUp: asBad(mark) };
}

/** What goes on after all, because an operator wanted it, is not given up any more. */
export function takenUp({ gaveUp: _before, ...state }: UpdateState): UpdateState {
  return state;
}

/** An operator wanted it tried again. */
function notLost({ lost: _before, ...mending }: Mending): Mending {
  return mending;
}

function mend(
  world: MutableWorld,
  key: string,
  state: UpdateState,
  because: Because,
  isBad: boolean,
): void {
  const mending = { because, isBad, failureCount: 0, notBeforeMs: 0 };
  world.updates.set(key, { ...state, mending });
}

function rollBack(
  world: MutableWorld,
  key: string,
  state: UpdateState,
  lastFailure: Because,
): void {
  const update = { ...state.update, nextAction: 'rollback' as const };
  world.updates.set(key, { ...state, update, trials: { ...noTrials, lastFailure } });
}

/** The version before is there; this one waits for another digest, or for an operator. */
function settleBad(world: MutableWorld, key: string, state: UpdateState, because: Because): void {
  const update = { ...state.update, nextAction: state.offered };
  const gaveUp = asBad(because);
  world.updates.set(key, { ...state, update, committed: [], trials: noTrials, gaveUp });
}

function lose(world: MutableWorld, key: string, state: UpdateState, message: string): void {
  world.updates.set(key, { ...state, gaveUp: { code: 'LOST', message } });
}

function asBad({ message }: Because): Because {
  return { code: 'MARKED_BAD', message: `rolled back: ${message}` };
}

function whyOf({ trials }: UpdateState): Because {
  return trials.lastFailure ?? { code: 'VERIFY_FAILED', message: 'it did not work' };
}

function canRollBack(world: MutableWorld, { updaterId }: UpdateState): boolean {
  const accepted = world.updaters.get(updaterId)?.accepted;
  return accepted?.version.manifest.actions.includes('rollback') ?? false;
}
