// The fold: facts into the world, one at a time, in the order of the journal.
//
// Invariant: F1. The fold is total and deterministic: any prefix of the journal gives a world, and
// a fact about something unknown changes nothing.

import { actionFrom, actionSince } from './action-since.js';
import type { Entry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { Update } from '../runs/update.js';
import {
  HISTORY_MAX,
  INSTANCES_MAX,
  noTrials,
  updateKey,
  type MutableWorld,
  type UpdateState,
} from './world.js';
import { learnAges, noAges } from './absence-ages.js';
import { foldClockSet } from './fold-clock.js';
import { foldInstalled, foldToldLate } from './fold-installed.js';
import { givenUpAsBad, isUnsettled } from './fold-mending.js';
import { foldOrder } from './fold-order.js';
import { foldRun } from './fold-run.js';
import {
  changeUpdater,
  dropUpdates,
  foldEnabled,
  foldSubmitted,
  foldWithdrawn,
} from './fold-updater.js';
import { learn, noRhythm } from './rhythm.js';
import { foldRollout } from './rollouts.js';

type Of<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

export function emptyWorld(historyMax = HISTORY_MAX): MutableWorld {
  return {
    historyMax,
    sequence: 0,
    latestMs: 0,
    epoch: 0,
    updaters: new Map(),
    updates: new Map(),
    runs: new Map(),
    history: [],
    lastRunEndedAtMs: 0,
    holds: new Map(),
    vetoes: new Map(),
    tripped: undefined,
    demands: new Map(),
    bad: new Map(),
    withdrawn: new Map(),
    rhythm: noRhythm,
    ages: noAges,
    rollouts: new Map(),
    restart: undefined,
    bootId: undefined,
    instances: new Map(),
    heard: new Map(),
  };
}

/** Applies one entry. `retry` is needed because what a failure leads to is policy. */
export function foldEntry(world: MutableWorld, entry: Entry, retry: Policy['retry']): void {
  world.sequence = entry.sequence;
  const { fact, atMs } = entry;
  world.latestMs = Math.max(world.latestMs, atMs);
  if (fact.heard !== undefined) world.heard.set(fact.heard.hostId, fact.heard);
  switch (fact.kind) {
    case 'updater.submitted':
      foldSubmitted(world, fact, atMs);
      return;
    case 'updater.enabled':
      foldEnabled(world, fact, atMs);
      return;
    case 'updater.suspended':
      changeUpdater(world, fact.id, (updater) => ({
        ...updater,
        ...{ state: 'suspended', sinceMs: atMs, why: fact.why },
      }));
      return;
    case 'updater.withdrawn':
      foldWithdrawn(world, fact);
      return;
    case 'scan.found':
      found(world, fact, atMs);
      return;
    case 'run.admitted':
    case 'run.started':
    case 'run.paused':
    case 'run.resumed':
    case 'run.thawed':
    case 'run.throttled':
    case 'run.unthrottled':
    case 'critical.changed':
    case 'run.interrupted':
    case 'run.finished':
      foldRun(world, fact, atMs, retry);
      return;
    case 'content.installed':
      foldInstalled(world, fact);
      return;
    case 'root.changed':
      foldToldLate(world, fact);
      return;
    case 'hold.placed':
    case 'hold.lifted':
    case 'veto.placed':
    case 'veto.lifted':
    case 'switch.tripped':
    case 'switch.released':
    case 'run.demanded':
      foldOrder(world, fact, atMs);
      return;
    case 'rollout.started':
    case 'rollout.failed':
    case 'rollout.stopped':
    case 'rollout.resumed':
      foldRollout(world.rollouts, fact, atMs);
      return;
    case 'restart.ordered':
      world.restart = {
        ...{ orderedAtMs: atMs, atMs: fact.atMs },
        ...(world.bootId === undefined ? {} : { inBoot: world.bootId }),
      };
      return;
    case 'restart.cancelled':
      world.restart = undefined;
      return;
    case 'restart.failed':
      if (world.restart !== undefined) world.restart = { ...world.restart, failed: fact.message };
      return;
    case 'clock.set':
      foldClockSet(world, fact, atMs);
      return;
    case 'rhythm.hour':
      world.rhythm = learn(world.rhythm, fact.hourOfWeek, fact);
      if (fact.ages !== undefined) world.ages = learnAges(world.ages, fact.ages);
      return;
    case 'host.attached':
      attached(world, fact);
      return;
    // Evidence: read by people and auditors, not by decisions.
    case 'orchestrator.started':
    case 'policy.changed':
    case 'snapshot.taken':
    case 'updater.refused':
    case 'facts.refused':
    case 'host.confined':
    case 'content.downloaded':
    case 'egress.seen':
    case 'run.notice':
      return;
  }
}

function attached(world: MutableWorld, { hostId, instanceId, bootId }: Of<'host.attached'>): void {
  world.bootId = bootId;
  const before = world.instances.get(hostId) ?? [];
  if (before[0] === instanceId) return;
  world.instances.set(hostId, [instanceId, ...before].slice(0, INSTANCES_MAX));
}

function found(world: MutableWorld, fact: Of<'scan.found'>, atMs: number): void {
  if (!world.updaters.has(fact.updaterId)) return; // F1: withdrawn while its scan was on.
  const ids = new Set(fact.updates.map((update) => update.id));
  const busy = new Set(
    [...world.runs.values()].flatMap((run) =>
      run.updaterId === fact.updaterId && run.work.kind !== 'scan' ? [run.work.update.id] : [],
    ),
  );
  // The scan is the whole set: what is absent has gone away, unless a run is still at it.
  dropUpdates(world, fact.updaterId, (state) => {
    const { id } = state.update;
    return !ids.has(id) && !busy.has(id) && !isUnsettled(state);
  });
  for (const update of fact.updates) {
    if (busy.has(update.id)) continue;
    const key = updateKey(fact.updaterId, update.id);
    const before = world.updates.get(key);
    if (before !== undefined && isUnsettled(before) && !isWayOut(before, update)) {
      const firstSeenAtMs = Math.min(before.firstSeenAtMs, atMs);
      world.updates.set(key, { ...before, firstSeenAtMs, ...actionSince(before, atMs) });
      continue;
    }
    const same =
      before?.update.toVersion === update.toVersion && before.update.digest === update.digest;
    const goesOn = same && before.update.nextAction === update.nextAction;
    world.updates.set(key, {
      updaterId: fact.updaterId,
      update,
      // A clock that was set back has seen it now, at the latest.
      firstSeenAtMs: Math.min(before?.firstSeenAtMs ?? atMs, atMs),
      ...(before?.firstSeenMoved === true ? { firstSeenMoved: true } : {}),
      ...(goesOn ? actionSince(before, atMs) : actionFrom(world, atMs)),
      offered: update.nextAction,
      trials: same ? before.trials : noTrials,
      ...(same && before.stepCount !== undefined ? { stepCount: before.stepCount } : {}),
      ...(same && before.begun === true ? { begun: true } : {}),
      ...(same && before.restartCount !== undefined ? { restartCount: before.restartCount } : {}),
      ...(same && before.gaveUp !== undefined ? { gaveUp: before.gaveUp } : {}),
      ...givenUpAsBad(world, fact.updaterId, update), // In place of the above.
    });
  }
}

/** Another version may mend what could not be put back. */
function isWayOut(before: UpdateState, update: Update): boolean {
  return before.gaveUp?.code === 'LOST' && before.update.toVersion !== update.toVersion;
}
