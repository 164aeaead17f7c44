// World: what the journal amounts to. Everything known and durable, nothing else.

import type { Action, Manifest } from '../../bundle/manifest.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Heard } from '../journal/fact.js';
import type { RolledOut } from '../journal/rollout-fact.js';
import type { Run } from '../runs/run.js';
import type { CommittedRoot, Update } from '../runs/update.js';
import type { Ages } from './absence-ages.js';
import type { Rhythm } from './rhythm.js';

export type TrustState = 'verified' | 'enabled' | 'suspended';

/** One submitted version of an updater. */
export interface UpdaterVersion {
  readonly version: string;
  readonly publisher: string;
  readonly bundleSha256: string;
  readonly envelope: string;
  readonly manifest: Manifest;
}

/** How something that is tried again and again has been going. */
export interface Trials {
  readonly failureCount: number;
  readonly lastFailure?: { readonly code: ReasonCode; readonly message: string };
  /** How often in a row it was waited for others, which is nobody's failure; absent: never. */
  readonly waitCount?: number;
  /** How often in a row a server did not answer, which is nobody's failure either; absent: it did. */
  readonly downCount?: number;
  /** How often in a row content was not what it was said to be; absent: never. */
  readonly badContentCount?: number;
  /** When it failed last; absent: it did not. */
  readonly failedAtMs?: number;
  /** The upstream asked to be left alone until then, ms since the epoch; absent: it did not. */
  readonly askedUntilMs?: number;
  /** Not before this instant, ms since the epoch. */
  readonly notBeforeMs: number;
}

/** A crash or a timeout of an updater. */
export interface Crash {
  readonly atMs: number;
  /** Whether a run of it has ended with an answer since, before the next one. */
  readonly answered: boolean;
}

export interface UpdaterState {
  readonly id: string;
  readonly state: TrustState;
  /** Since when it is in this state, ms since the epoch. */
  readonly sinceMs: number;
  readonly why: string;
  /** The newest submitted version. */
  readonly current: UpdaterVersion;
  /** What an operator accepted: exactly this version with these settings. */
  readonly accepted?: {
    readonly version: UpdaterVersion;
    readonly settings: ReadonlyMap<string, string>;
    readonly untilMs?: number; // Absent: without an end.
  };
  readonly lastScanAtMs?: number;
  /** By how much of its time the next scan comes early, so that machines do not scan together. */
  readonly scanJitter: number;
  readonly scanTrials: Trials;
  /** Its last crashes and timeouts, oldest first, at most CRASHES_MAX. */
  readonly crashes: readonly Crash[];
  /** When its last runs were admitted that did not take an update a step on, oldest first, at most ADMISSIONS_MAX. */
  readonly admissionsAtMs: readonly number[];
}

/** An operator's "not this one". */
export interface Hold {
  readonly why: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Somebody's objection to everything, for a while. */
export interface Veto extends Hold {
  readonly id: string;
  readonly owner: string;
}

export interface GaveUp {
  readonly code: ReasonCode;
  readonly message: string;
  /** Absent: of an update that was marked before it was offered again. */
  readonly sinceMs?: number;
}

export interface UpdateState {
  readonly updaterId: string;
  readonly update: Update;
  readonly firstSeenAtMs: number;
  /** That was moved ahead with the clock, which happens once. Absent: it was not. */
  readonly firstSeenMoved?: true;
  /** Since when it waits for its next action. */
  readonly actionSinceMs: number;
  /** The start of the machine in which it began to wait for that. Absent: nobody could tell. */
  readonly actionSinceBoot?: string;
  /** The action that the last scan offered it with. */
  readonly offered: Action;
  readonly trials: Trials;
  /** Actions that were done and led to another one; absent: none was. */
  readonly stepCount?: number;
  /** How often it has asked for a restart of the machine after an action of its own. Absent: never. */
  readonly restartCount?: number;
  /** An action that may change something was begun here, of this very content. Absent: none was. */
  readonly begun?: true;
  /** Roots that its runs committed and that were not put back. */
  readonly committed?: readonly CommittedRoot[];
  /** Of what its runs committed and of what was put back, the newest last: told again, they change nothing. */
  readonly receipts?: readonly string[];
  /** What it installed does not work, and the host puts back what was there. */
  readonly mending?: Mending;
  /** The host has put back what it committed. */
  readonly putBack?: true;
  /** Failed in a way that trying again does not mend; a person has to look. */
  readonly gaveUp?: GaveUp;
}

/** Putting back what an update installed. */
export interface Mending {
  readonly because: { readonly code: ReasonCode; readonly message: string };
  /** What was installed does not work; otherwise its install did not come to an end. */
  readonly isBad: boolean;
  readonly failureCount: number;
  readonly failedAtMs?: number;
  readonly notBeforeMs: number;
  /** It cannot be put back, and why; a person has to look. */
  readonly lost?: string;
}

/** What a vendor withdrew after it was accepted, until an operator removes it: its id comes back as no older one (T11). */
export type Withdrawn = Required<Pick<UpdaterState, 'current' | 'accepted'>>;

/** What was installed here and did not work. */
export interface BadMark {
  readonly toVersion: string;
  /** As the updater says; absent: it does not say. */
  readonly digest?: string;
  /** Digests of the trees that its install left, as the host saw them. */
  readonly trees: readonly string[];
  readonly code: ReasonCode;
  readonly message: string;
}

/** What a fleet knows of an update that goes through its rings. */
export interface Rollout extends RolledOut {
  readonly startedAtMs: number;
  /** Machines on which it did not work, and their rings, since it was resumed last. */
  readonly failed: ReadonlyMap<string, string>;
  /** An operator's word. */
  readonly stopped?: { readonly why: string; readonly sinceMs: number };
}

/** A restart of the machine. */
export interface Restart {
  readonly orderedAtMs: number;
  /** When the machine is to restart, ms since the epoch. */
  readonly atMs: number;
  /** The start of the machine in which it was ordered. Absent: nobody could tell. */
  readonly inBoot?: string;
  /** Why it could not be told to. */
  readonly failed?: string;
}

export interface World {
  readonly sequence: number;
  readonly latestMs: number; // Of any entry since an operator accepted something (T11).
  /** The highest fence given out. */
  readonly epoch: number;
  readonly updaters: ReadonlyMap<string, UpdaterState>;
  readonly withdrawn: ReadonlyMap<string, Withdrawn>;
  /** By `updateKey`. */
  readonly updates: ReadonlyMap<string, UpdateState>;
  /** Runs that have not finished, by id. */
  readonly runs: ReadonlyMap<string, Run>;
  /** Finished runs, oldest first, at most `historyMax`. */
  readonly history: readonly Run[];
  readonly historyMax: number;
  /** When the last run let go of its slot, ms since the epoch. */
  readonly lastRunEndedAtMs: number;
  /** By subject key: an updater's id, or that and an update's. */
  readonly holds: ReadonlyMap<string, Hold>;
  readonly vetoes: ReadonlyMap<string, Veto>;
  /** The trip switch, while it is on. */
  readonly tripped: Hold | undefined;
  /** What an operator wants now, by subject key, and since when. */
  readonly demands: ReadonlyMap<string, number>;
  /** By `updateKey`: what did not work here. */
  readonly bad: ReadonlyMap<string, readonly BadMark[]>;
  readonly rhythm: Rhythm;
  readonly ages: Ages;
  /** By `rolloutKey`, the oldest first. */
  readonly rollouts: ReadonlyMap<string, Rollout>;
  /** The last restart that was ordered, unless it was taken back. */
  readonly restart: Restart | undefined;
  /** Names the machine's present start; undefined where its host cannot tell. */
  readonly bootId: string | undefined;
  /** Instances of each host that have attached, the last one first, at most INSTANCES_MAX. */
  readonly instances: ReadonlyMap<string, readonly string[]>;
  /** The last event of each host's present instance that the journal has, by host. */
  readonly heard: ReadonlyMap<string, Omit<Heard, 'hostId'>>;
}

/** A world that the fold may change in place; everyone else sees it as `World`. */
export interface MutableWorld extends World {
  sequence: number;
  latestMs: number;
  epoch: number;
  updaters: Map<string, UpdaterState>;
  withdrawn: Map<string, Withdrawn>;
  updates: Map<string, UpdateState>;
  runs: Map<string, Run>;
  history: Run[];
  holds: Map<string, Hold>;
  vetoes: Map<string, Veto>;
  tripped: Hold | undefined;
  demands: Map<string, number>;
  bad: Map<string, readonly BadMark[]>;
  rhythm: Rhythm;
  ages: Ages;
  rollouts: Map<string, Rollout>;
  restart: Restart | undefined;
  bootId: string | undefined;
  instances: Map<string, readonly string[]>;
  heard: Map<string, Omit<Heard, 'hostId'>>;
  lastRunEndedAtMs: number;
}

/** Finished runs kept at hand of a machine, alone and in a fleet; the journal has them all. */
export const HISTORY_MAX = 1_000;
export const FLEET_HISTORY_MAX = 20;
export const CRASHES_MAX = 32; // Twice what policy counts at the most: both ends of a long row are kept.
export const ADMISSIONS_MAX = 64;
export const INSTANCES_MAX = 16;
export const DEMAND_MS_MAX = 3_600_000; // What was not met in this time is forgotten: the operator has gone.

export function updateKey(updaterId: string, updateId: string): string {
  return `${updaterId} ${updateId}`;
}

/** What an order or a run is about: an updater's scan, or one of its updates. */
export function subjectKeyOf(updaterId: string, updateId: string): string {
  return updateId === '' ? updaterId : updateKey(updaterId, updateId);
}

export const noTrials: Trials = { failureCount: 0, notBeforeMs: 0 };
