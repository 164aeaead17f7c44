// What a vendor writes: one `UpdaterDefinition` in plain TypeScript, handed to `serve`.
//
// Nothing generated shows here, so that a vendor's code survives a new version of the wire format.
// The limits in the comments are those of proto/lull/updater/v1; `serve` cuts text to them.

import type { ActionName } from './action.js';
import type { Host } from './host.js';

/**
 * What an updater can do beyond the core. A host reads `pause`, and in the manifest which actions there
 * are; the rest is reserved for hosts to come, and nothing is lost by leaving it out.
 */
export interface Capabilities {
  /** `call.safePoint()` is awaited between steps, with no lock held. */
  readonly pause?: true;
  /** Reserved. */
  readonly rollback?: true;
  /** Reserved. */
  readonly verify?: true;
  /** Reserved. */
  readonly delta?: true;
  /** Reserved: no scan is a dry run yet. */
  readonly dryRun?: true;
  /** Reserved: an instance gets one run at a time. How many it would take at once, at least 2. */
  readonly parallelRunsMax?: number;
  /** Reserved. Version of what is kept in the work directory. Needs `forget`. */
  readonly stateSchemaVersion?: number;
}

export interface Description {
  /** Equal to the manifest's id. */
  readonly name: string;
  /** Equal to the manifest's version. */
  readonly version: string;
  readonly capabilities: Capabilities;
  /** The software that it looks after; at most 64. Operators are shown what the manifest says. */
  readonly software: readonly string[];
}

/** Something that could change. */
export interface UpdateFound {
  /** Stable from scan to scan; at most 128 bytes of [a-zA-Z0-9._@/+:-]. */
  readonly id: string;
  /** One line for people. */
  readonly title: string;
  /** Absent: newly installed. */
  readonly fromVersion?: string;
  /** Each at most 64 printable characters of ASCII without a space. */
  readonly toVersion: string;
  readonly downloadBytes?: number;
  readonly installBytes?: number;
  /** Fixes a known security defect. */
  readonly security?: boolean;
  /** How bad it is to be without it; policy sets a deadline by it. */
  readonly severity?: 'low' | 'moderate' | 'important' | 'critical';
  readonly releaseNotesUrl?: string;
  /** The publisher's latest instant, ms since the epoch. */
  readonly deadlineAtMs?: number;
  readonly needs?: {
    /** Its `install` waits for a network; scans and downloads do anyway. */
    readonly network?: boolean;
    /** Absolute paths of executables, `flatpak:ID` or `snap:NAME`; at most 16. */
    readonly closedApps?: readonly string[];
    /** Reserved, as the next: a restart is asked for as the next action. */
    readonly restartApp?: boolean;
    readonly reboot?: boolean;
  };
  /** Nothing else may run on this machine at the same time. */
  readonly exclusive?: boolean;
  /** Updates that share a key never run at the same time; at most 16. `lock:dpkg`: see the contract. */
  readonly conflictKeys?: readonly string[];
  /** Seconds that the next action is expected to take. */
  readonly expectedS?: number;
  readonly nextAction: ActionName;
  /**
   * Of what would be installed, in a form of your own; at most 128 printable characters. What did not
   * work is not tried again while version and digest stay.
   */
  readonly digest?: string;
}

export type Outcome =
  /** No action is left. */
  | { readonly kind: 'succeeded' }
  /** This action is done, and another one is needed. */
  | { readonly kind: 'more_to_do'; readonly nextAction: ActionName; readonly expectedS?: number }
  /** The update does not exist any more. */
  | { readonly kind: 'gone' };

/** What every call is given. */
export interface Call {
  readonly runId: string;
  /** Values that the operator bound to the manifest's settings. */
  readonly settings: ReadonlyMap<string, string>;
  /** The one writable directory; it survives from launch to launch. */
  readonly workDir: string;
  /** Where the sandbox shows an install root, read-only, as it was when the updater started. */
  rootDir(name: string): string;
  /** The host's CONNECT proxy; undefined when no egress was granted. See egress/. */
  readonly egressSocket: string | undefined;
  /** Aborted when the host cuts the call. */
  readonly signal: AbortSignal;
  readonly host: Host;
  /**
   * A place where the run may stand still, with every lock released. Resolves at once, but when a
   * person has come back: then when they have left. Needs the capability `pause`.
   */
  safePoint(): Promise<void>;
}

export interface ScanCall extends Call {
  /** Reserved: false. */
  readonly dryRun: boolean;
}

export interface PerformCall extends Call {
  /** 1 for the first attempt at this run. */
  readonly attempt: number;
  /** What `host.saveCheckpoint` kept last for this run; empty when there is none. */
  readonly checkpoint: Uint8Array;
  /** 0 to 1, and what is being done in one line. May be dropped when the host reads slowly. */
  progress(fraction: number, step: string): void;
  /** Something that the operator should read in the history; at most 100 a run. */
  notice(message: string): void;
}

/**
 * An updater. Expected failures are thrown with `fail` of failure.ts; whatever else is thrown
 * becomes a failure of the action with the error's message.
 */
export interface UpdaterDefinition {
  readonly describe: Description;
  /** Yields the full set of updates that still need an action. Changes nothing on the machine. */
  scan(call: ScanCall): AsyncIterable<UpdateFound>;
  /** Repeated with the same run id after a crash, it continues, starts over or says it is done. */
  perform(call: PerformCall, update: UpdateFound, action: ActionName): Promise<Outcome>;
  /**
   * Reserved: no host calls it yet, so clear up in `scan` what belongs to no update any more. Removes what
   * is kept for an update that went away. Unknown updates are fine.
   */
  forget?(updateId: string, workDir: string): Promise<void>;
}
