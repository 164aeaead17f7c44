import type { Level } from '../../conditions/confinement.js';
import type { Place } from '../groups/group-lock.js';
import type { Readings } from '../../conditions/reading.js';
import type { OverQuota } from './over-quota.js';

/** A machine as it is now: what no journal knows. */
export interface HostView {
  readonly id: string;
  readonly attached: boolean;
  /** How strongly it confines; undefined while its self-test is still on. */
  readonly level: Level | undefined;
  readonly readings: Readings;
  /** The directory whose file system takes downloads and installs. */
  readonly diskPath: string;
  /**
   * Its places in groups, by name, where they are shared with machines that this orchestrator does not
   * serve. Absent: it serves them all.
   */
  readonly places?: ReadonlyMap<string, Place>;
  /** What it, or an updater on it, has said more of than a journal takes. Absent: neither has. */
  readonly overQuota?: OverQuota;
  /** When the orchestrator began to serve it, ms since the epoch. */
  readonly servedSinceMs: number;
}
