// What the plugin-host knows of a run while its updater is alive: the seam between the run, which
// owns the sandbox, and everything that acts for the updater (HostService, artifacts, install,
// egress).

import type { BoundGrants } from '../../bundle/grant.js';
import type { Pass } from '../trees/pass.js';
import type { HostReason } from './host-failure.js';

export interface HostedRun {
  readonly runId: string;
  /** Of its grant. */
  readonly epoch: number;
  /** The uid that the updater runs under. */
  readonly uid: number;
  /** LULL_WORK as the host sees it. */
  readonly workDir: string;
  /** The directory that the sandbox shows read-only as /lull/artifacts, as the host sees it. */
  readonly artifactsDir: string;
  readonly grants: BoundGrants;
  /** Whether what it does may change a root. */
  readonly changesRoots: boolean;
  readonly limits: {
    readonly diskBytesMax: number;
    readonly criticalSMax: number;
    /** Versions before the present one that are kept of an install root. */
    readonly previousVersions: number;
    /** Of its launch, of the host. */
    readonly callsPerMinuteMax: number;
  };
  /**
   * Resolves when the run may go on: at once, unless it is frozen. Whatever the host does for an
   * updater awaits it between steps, so that a frozen run costs nothing.
   * @throws when the run is over.
   */
  thawed(): Promise<void>;
  /** The same for what a thread does for it. */
  readonly pass: Pass;
  /**
   * The same for what has no place in a critical section: resolves while nothing holds the run, also
   * where it is throttled instead of frozen, and what it brings about finds room on its way to the
   * orchestrator (T23).
   * @throws when the run is over.
   */
  released(): Promise<void>;
  /** Whether something holds the run at this instant: for what is asked with every piece of a download. */
  isHeld(): boolean;
  /**
   * Accounts for bytes that came or went over the network. Resolves when the next may.
   * @throws HostError METERED when it were more than the run may take where somebody pays for it.
   */
  take(bytes: number): Promise<void>;
  /** Whether the sensors know that the network leads everywhere. */
  leadsOut(): boolean;
  /** Begins a critical section, once nothing holds the run. @throws when the run is over. */
  enterSection(why: string): Promise<void>;
  /** Ends it; nothing where none is open. */
  leaveSection(): void;
  /** Aborted when the run is over. */
  readonly over: AbortSignal;
  emit(event: HostEvent): void;
}

/** What the host observed while it acted for an updater. Facts for the audit. */
export type HostEvent =
  | {
      readonly kind: 'downloaded';
      readonly url: string;
      readonly redirects: readonly string[];
      readonly remoteAddress: string;
      readonly sizeBytes: number;
      readonly sha256: string;
      readonly resumedCount: number;
      readonly cached: boolean;
    }
  | (TreeChange & {
      readonly kind: 'installed';
      readonly receiptId: string;
      readonly reverted: boolean;
    })
  | {
      readonly kind: 'egress';
      readonly host: string;
      readonly port: number;
      readonly allowed: boolean;
      readonly sentBytes: number;
      readonly receivedBytes: number;
      /** How many connections this tells of. */
      readonly connectionCount: number;
      /** Why they were cut or refused, where it was not for want of a grant. */
      readonly reason?: 'METERED';
    }
  /** What the operator should read in the history. */
  | {
      readonly kind: 'notice';
      readonly message: string;
      /** With which the host refused the updater something. Absent: it tells of something else. */
      readonly reason?: HostReason;
    }
  | {
      readonly kind: 'log';
      readonly severity: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
    };

/** What became of a directory, file by file. */
export interface TreeChange {
  readonly root: string;
  readonly path: string;
  readonly treeBeforeSha256: string;
  readonly treeAfterSha256: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly changes: readonly FileChange[];
  /** There are more changes than are listed. */
  readonly truncated: boolean;
}

/** What a run left in a root that it may write, as the host saw it. */
export interface RootChange extends TreeChange {
  readonly kind: 'rootChanged';
  /** Why it could not be listed as a whole; empty: it could. */
  readonly problem: string;
}

export interface FileChange {
  readonly path: string;
  /** Hexadecimal sha256; empty: absent. */
  readonly beforeSha256: string;
  readonly afterSha256: string;
  /** Of what is there now, or was there where it is gone. */
  readonly mode: number;
  /** Of what was there before; absent: nothing was. */
  readonly beforeMode?: number;
}
