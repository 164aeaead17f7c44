// One launch of an updater as those see it that act for it: who it is, and the run that it serves now.

import type { HostedRun } from './hosted-run.js';

export interface HostedLaunch {
  /** What the updater proves itself with; new at every launch. */
  readonly token: string;
  /** The uid that the updater runs under. */
  readonly uid: number;
  /** Undefined while it lingers between two runs: then nothing is done for it. */
  readonly run: HostedRun | undefined;
}
