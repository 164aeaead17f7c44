// What a run's facts make of the run.

import type { ReasonCode } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { holdsSlot, spent, type Outcome, type Run, type RunPhase } from '../runs/run.js';
import { backoffMs, isCrash } from './retry.js';
import { noteHowItEnded } from './fold-crashes.js';
import { attemptsMax, noteBegun } from './fold-mending.js';
import { foldPerformed, foldScanned, scanFloorMs } from './fold-outcome.js';
import { ADMISSIONS_MAX, subjectKeyOf, updateKey, type MutableWorld } from './world.js';

/** As many steps as there are actions: who has each of them once needs no more. */
const FIRST_WAY_STEPS_MAX = 7;

type RunFact = Extract<
  Fact,
  {
    kind:
      | 'run.admitted'
      | 'run.started'
      | 'run.paused'
      | 'run.resumed'
      | 'run.thawed'
      | 'run.throttled'
      | 'run.unthrottled'
      | 'critical.changed'
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
      // Frozen on its way up: only its own end ends a pause, or nothing would ever end it.
      if (run.phase.kind === 'paused') return;
      put(world, enters(run, { kind: 'running', sinceMs: atMs }, atMs));
      return;
    // Slowed instead of frozen, it needs the same permission to go on.
    case 'run.throttled':
    case 'run.paused':
      if (run.phase.kind === 'paused') return;
      put(world, {
        ...enters(run, { kind: 'paused', reasons: fact.reasons, sinceMs: atMs }, atMs),
        pauseCount: run.pauseCount + 1,
      });
      return;
    case 'run.resumed':
      // Permission to go on; `run.thawed` says that it did.
      if (run.phase.kind !== 'paused') return;
      put(world, { ...run, resumedAtMs: atMs, phase: { ...run.phase, permittedAtMs: atMs } });
      return;
    case 'run.unthrottled':
    case 'run.thawed':
      put(world, enters(run, { kind: 'running', sinceMs: atMs }, atMs));
      return;
    case 'critical.changed':
      put(world, { ...run, inSection: fact.entered });
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
  if (!getsOn(world, fact)) noteAdmission(world, fact.updaterId, atMs);
  const before = world.runs.get(fact.runId);
  put(world, {
    id: fact.runId,
    epoch: fact.epoch,
    attempt: fact.attempt,
    strikeCount: before?.strikeCount ?? 0,
    hostId: fact.hostId,
    updaterId: fact.updaterId,
    updaterVersion: fact.updaterVersion,
    work: fact.work,
    intrusion: fact.intrusion ?? 'silent',
    admittedAtMs: before?.admittedAtMs ?? atMs,
    pauseCount: before?.pauseCount ?? 0,
    ...(before === undefined ? { ranMs: 0, heldMs: 0 } : spent(before, atMs)),
    firstSequence: before?.firstSequence ?? world.sequence,
    lastSequence: world.sequence,
    phase: { kind: 'admitted' },
  });
  noteBegun(world, fact);
}

/** The host or the updater went away. The run stays, for its next attempt (R1). */
function interrupted(
  world: MutableWorld,
  run: Run,
  fact: Extract<Fact, { kind: 'run.interrupted' }>,
  atMs: number,
  retry: Policy['retry'],
): void {
  if (!hasSubject(world, run)) {
    finished(world, run, { kind: 'cancelled', code: fact.code }, atMs, retry);
    return;
  }
  const strikeCount = run.strikeCount + 1;
  if (strikeCount >= retry.attemptsMax) {
    const message = `${fact.message}; given up after ${String(run.attempt)} attempts`;
    finished(world, run, { kind: 'failed', code: fact.code, message, retry: true }, atMs, retry);
    return;
  }
  // Going away is nobody's failure the first time: repeated at once, then with growing waits.
  const waitMs = strikeCount === 1 ? 0 : backoffMs(retry, strikeCount - 1, run.id);
  cutShort(world, { ...run, strikeCount }, fact, atMs, waitMs);
}

/** It stands until it is taken up again (R1). */
function cutShort(
  world: MutableWorld,
  run: Run,
  { code, message }: { readonly code: ReasonCode; readonly message: string },
  atMs: number,
  waitMs: number,
): void {
  world.lastRunEndedAtMs = atMs;
  const retryAtMs = atMs + waitMs;
  const phase = { kind: 'interrupted', code, message, sinceMs: atMs, retryAtMs } as const;
  put(world, enters(run, phase, atMs));
}

function finished(
  world: MutableWorld,
  run: Run,
  outcome: Outcome,
  atMs: number,
  retry: Policy['retry'],
): void {
  noteHowItEnded(world, run.updaterId, outcome, atMs);
  // A crash is repeated under the same run id: only that finds the checkpoint again.
  const strikeCount = run.strikeCount + 1;
  const repeatable = hasSubject(world, run);
  if (
    repeatable &&
    outcome.kind === 'failed' &&
    isCrash(outcome.code) &&
    strikeCount < attemptsMax(run, retry)
  ) {
    // A scan that got as far as starting may have asked its server already.
    const asked = run.work.kind === 'scan' && outcome.code !== 'LAUNCH_FAILED';
    const floorMs = asked ? scanFloorMs(world.updaters.get(run.updaterId)) : 0;
    const waitMs = Math.max(backoffMs(retry, strikeCount, run.id), floorMs);
    cutShort(world, { ...run, strikeCount }, outcome, atMs, waitMs);
    return;
  }
  // Lull stopped, a newer grant took over, it gave way, its window closed, or too much was said: nobody's
  // failure, and the same run goes on.
  if (repeatable && outcome.kind === 'cancelled' && isHandover(outcome.code)) {
    cutShort(world, run, { code: outcome.code, message: '' }, atMs, 0);
    return;
  }
  if (holdsSlot(run)) world.lastRunEndedAtMs = atMs;
  world.runs.delete(run.id);
  const ended = enters(run, { kind: 'finished', outcome, atMs }, atMs);
  world.history.push({ ...ended, lastSequence: world.sequence });
  if (world.history.length > world.historyMax) world.history.shift();
  if (run.work.kind === 'scan') foldScanned(world, run, outcome, atMs, retry);
  else foldPerformed(world, run, run.work.update, outcome, atMs, retry);
  // After that: what an operator wants is judged otherwise.
  noteDemandMet(world, run, outcome);
}

/**
 * Whether what it was at is still there. Withdrawn meanwhile, it would never be taken up again, and a
 * scan of whoever comes back under that name would take its update for one that a run is at.
 */
function hasSubject(world: MutableWorld, { updaterId, work }: Run): boolean {
  return work.kind === 'scan'
    ? world.updaters.has(updaterId)
    : world.updates.has(updateKey(updaterId, work.update.id));
}

/** A demand ends with its update, or with the first thing that a person has to look at. */
function noteDemandMet(world: MutableWorld, run: Run, outcome: Outcome): void {
  if (outcome.kind === 'more_to_do' || outcome.kind === 'cancelled') return;
  const updateId = run.work.kind === 'scan' ? '' : run.work.update.id;
  world.demands.delete(subjectKeyOf(run.updaterId, updateId));
}

/**
 * A step that an update has not had before, on its first way from action to action (decision 169). What
 * comes again is counted: scans, attempts, what is taken up once more, and who goes round in a circle.
 */
function getsOn(
  world: MutableWorld,
  { runId, updaterId, work }: Extract<Fact, { kind: 'run.admitted' }>,
): boolean {
  if (work.kind !== 'perform' || world.runs.has(runId)) return false;
  const state = world.updates.get(updateKey(updaterId, work.update.id));
  if (state === undefined) return false;
  const { trials, stepCount = 0 } = state;
  return trials.failureCount === 0 && stepCount < FIRST_WAY_STEPS_MAX;
}

function noteAdmission(world: MutableWorld, updaterId: string, atMs: number): void {
  const updater = world.updaters.get(updaterId);
  if (updater === undefined) return;
  const admissionsAtMs = [...updater.admissionsAtMs, atMs].slice(-ADMISSIONS_MAX);
  world.updaters.set(updaterId, { ...updater, admissionsAtMs });
}

function isHandover(code: ReasonCode): boolean {
  return (
    code === 'SHUTTING_DOWN' ||
    code === 'SUPERSEDED' ||
    code === 'GAVE_WAY' ||
    code === 'JOURNAL_QUOTA' ||
    code === 'OUTSIDE_WINDOW'
  );
}

/** The run in another phase, with what the one before it took. */
function enters(run: Run, phase: RunPhase, atMs: number): Run {
  return { ...run, ...spent(run, atMs), phase };
}

function put(world: MutableWorld, run: Run): void {
  world.runs.set(run.id, { ...run, lastSequence: world.sequence });
}
