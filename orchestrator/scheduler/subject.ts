// Subjects: what could run, gathered from the world. One per updater for its scan, one per update
// for its next action.

import type { Manifest } from '../../bundle/manifest.js';
import type { Policy } from '../policy/policy.js';
import type { Intrusion } from '../runs/intrusion.js';
import { holdsSlot, type ActionName, type Run } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import {
  DEMAND_MS_MAX,
  subjectKeyOf,
  type UpdateState,
  type UpdaterState,
  type World,
} from '../world/world.js';
import { deadlineOf, scanDeadlineOf, urgencyAt, type Deadline, type Urgency } from './urgency.js';

export interface Subject {
  readonly key: string;
  readonly updater: UpdaterState;
  /** The manifest that an operator accepted; absent until then. */
  readonly manifest?: Manifest;
  readonly action: ActionName;
  readonly work: Work;
  /** Absent for a scan. */
  readonly state?: UpdateState;
  /** A run that has to be taken up again rather than a new one started. */
  readonly interrupted?: Run;
  /** An operator wants it now. */
  readonly demanded: boolean;
  readonly urgency: Urgency;
  /** How much a person may feel of it. */
  readonly level: Intrusion;
}

/** Whether its updater may reach anybody: one that finds what it brings on this machine waits for no network. */
export function usesNetwork({ manifest }: Pick<Subject, 'manifest'>): boolean {
  return manifest === undefined || manifest.fetch.length + manifest.egress.length > 0;
}

/** Every subject that has no run with a slot already. */
export function subjectsOf(world: World, policy: Policy, nowMs: number): Subject[] {
  const taken = new Map<string, Run>();
  for (const run of world.runs.values()) {
    const other = taken.get(keyOf(run));
    if (other === undefined || goesBefore(run, other)) taken.set(keyOf(run), run);
  }
  return [...scans(world, policy, nowMs), ...updates(world, policy, nowMs)].flatMap((subject) => {
    const run = taken.get(subject.key);
    if (run === undefined) return [subject];
    return run.phase.kind === 'interrupted' ? [{ ...subject, interrupted: run }] : [];
  });
}

/** Of two runs of one subject the one with a slot speaks for it, else the younger one. */
function goesBefore(run: Run, other: Run): boolean {
  if (holdsSlot(run) !== holdsSlot(other)) return holdsSlot(run);
  return run.epoch > other.epoch || (run.epoch === other.epoch && run.id > other.id);
}

/** The level at which a run would be admitted now. */
export function levelNow(run: Run, world: World, policy: Policy, nowMs: number): Intrusion {
  const key = keyOf(run);
  if (isDemanded(world, key, nowMs)) return 'forced';
  return policy.intrusion[urgencyOfRun(run, world, policy, nowMs)];
}

/** What has been withdrawn, or has gone away, is in no hurry. */
function urgencyOfRun(run: Run, world: World, policy: Policy, nowMs: number): Urgency {
  const updater = world.updaters.get(run.updaterId);
  const state = world.updates.get(keyOf(run));
  if (run.work.kind === 'scan') {
    return updater === undefined ? 'normal' : urgencyAt(scanDeadlineOf(updater, policy), nowMs);
  }
  return state === undefined ? 'normal' : urgencyAt(deadlineOf(state, policy), nowMs);
}

function scans(world: World, policy: Policy, nowMs: number): Subject[] {
  return [...world.updaters.values()].map((updater) => ({
    key: updater.id,
    updater,
    ...acceptedManifest(updater),
    action: 'scan',
    work: { kind: 'scan' },
    ...pressing(world, updater.id, scanDeadlineOf(updater, policy), policy, nowMs),
  }));
}

function updates(world: World, policy: Policy, nowMs: number): Subject[] {
  return [...world.updates].flatMap(([key, state]) => {
    const updater = world.updaters.get(state.updaterId);
    if (updater === undefined) return [];
    const subject: Subject = {
      key,
      updater,
      ...acceptedManifest(updater),
      action: state.update.nextAction,
      work: { kind: 'perform', update: state.update },
      state,
      ...pressing(world, key, deadlineOf(state, policy), policy, nowMs),
    };
    return [state.mending === undefined ? subject : mendingOf(subject, state)];
  });
}

/** The host puts back what was installed, before anything else is done with the update. */
function mendingOf(subject: Subject, { update, committed = [] }: UpdateState): Subject {
  const work: Work = { kind: 'revert', update, roots: committed };
  return { ...subject, action: 'revert', work, level: 'forced' };
}

function pressing(
  world: World,
  key: string,
  deadline: Deadline,
  policy: Policy,
  nowMs: number,
): Pick<Subject, 'demanded' | 'urgency' | 'level'> {
  const demanded = isDemanded(world, key, nowMs);
  const urgency = urgencyAt(deadline, nowMs);
  return { demanded, urgency, level: demanded ? 'forced' : policy.intrusion[urgency] };
}

function isDemanded(world: World, key: string, nowMs: number): boolean {
  const sinceMs = world.demands.get(key);
  // Set back by more than that, the clock says nothing of how long ago it was.
  return sinceMs !== undefined && Math.abs(nowMs - sinceMs) < DEMAND_MS_MAX;
}

function acceptedManifest(updater: UpdaterState): { manifest?: Manifest } {
  const manifest = updater.accepted?.version.manifest;
  return manifest === undefined ? {} : { manifest };
}

export function keyOf(run: Pick<Run, 'updaterId' | 'work'>): string {
  return subjectKeyOf(run.updaterId, run.work.kind === 'scan' ? '' : run.work.update.id);
}
