// What `decide` returns: what to do, why not the rest, and when to look again.

import type { Reason } from '../../conditions/reason.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { HeldRuns } from './held.js';
import type { RestartPlan } from './restart.js';
import type { Subject } from './subject.js';

export interface Admission {
  readonly subject: Subject;
  readonly runId: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly guard: readonly Requirement[];
}

export interface Waiting {
  readonly subject: Subject;
  readonly reasons: readonly Reason[];
}

export interface Plan extends HeldRuns {
  readonly admit: readonly Admission[];
  readonly waiting: readonly Waiting[];
  /** Of the machine. */
  readonly restart: RestartPlan;
  /** The next instant at which the plan changes by itself, ms since the epoch. */
  readonly lookAgainAtMs?: number;
}
