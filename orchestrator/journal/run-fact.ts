// What happens to a run, and what it brings about.

import type { Level } from '../../conditions/confinement.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Intrusion } from '../runs/intrusion.js';
import type { Outcome } from '../runs/run.js';
import type { Update, Work } from '../runs/update.js';

/** What a run did. */
interface OfRun {
  readonly runId: string;
  /** Under which it was granted, as several attempts share an id. Older entries lack it. */
  readonly epoch?: number;
}

/** What became of a directory, file by file. */
interface TreeChange {
  readonly root: string;
  readonly path: string;
  readonly treeBeforeSha256: string;
  readonly treeAfterSha256: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly changes: readonly {
    readonly path: string;
    readonly beforeSha256: string;
    readonly afterSha256: string;
    readonly mode: number;
    /** Absent: nothing was there, or an older host tells of it. */
    readonly beforeMode?: number;
  }[];
  /** There are more changes than are listed. */
  readonly truncated: boolean;
}

export type RunFact =
  | {
      readonly kind: 'run.admitted';
      readonly runId: string;
      readonly epoch: number;
      readonly attempt: number;
      readonly hostId: string;
      readonly updaterId: string;
      readonly updaterVersion: string;
      readonly work: Work;
      /** How much a person may feel of it. Absent: `silent`, as before there were levels. */
      readonly intrusion?: Intrusion;
      /** Of the bundle that runs. This and what follows is absent in older entries. */
      readonly bundleSha256?: string;
      /** The level of the machine. Absent: not known. */
      readonly confinement?: Level;
      /** Who said whether a person is there: sensors, or somebody by `lull presence`. Absent: nobody did. */
      readonly presenceBy?: string;
    }
  | (OfRun & {
      readonly kind: 'run.started';
      readonly sandboxSha256: string;
      /** From grant to serving. Absent: it was executed and never served, or nothing was launched. */
      readonly launchMs?: number;
      /** What was executed. Absent: nothing was, the host did it itself; or an older host told it. */
      readonly argv?: readonly string[];
    })
  | (OfRun & {
      readonly kind: 'run.paused';
      readonly reasons: readonly string[];
      /** From the sensor's observation to the frozen sandbox, nanoseconds. */
      readonly reactionNs?: number;
      readonly cpuUs: number;
    })
  | { readonly kind: 'run.resumed'; readonly runId: string }
  | (OfRun & {
      readonly kind: 'run.thawed';
      readonly frozenMs: number;
      readonly cpuUsWhileFrozen: number;
    })
  /** Slowed instead of frozen: in a critical section, or asked to pause. */
  | (OfRun & {
      readonly kind: 'run.throttled';
      readonly reasons: readonly string[];
      readonly reactionNs?: number;
      readonly cpuUs: number;
    })
  | (OfRun & {
      readonly kind: 'run.unthrottled';
      readonly throttledMs: number;
      readonly cpuUsWhileThrottled: number;
    })
  | {
      readonly kind: 'run.interrupted';
      readonly runId: string;
      readonly code: ReasonCode;
      readonly message: string;
    }
  | (OfRun & {
      readonly kind: 'run.finished';
      readonly outcome: Outcome;
      /** Of stdout and stderr, as `stderr_tail` of the link says; an entry's name stays as it was. */
      readonly stderrTail: string;
    })
  | {
      readonly kind: 'scan.found';
      readonly runId: string;
      readonly updaterId: string;
      readonly updates: readonly Update[];
    }
  | (OfRun & {
      readonly kind: 'content.downloaded';
      readonly url: string;
      readonly redirects: readonly string[];
      readonly remoteAddress: string;
      readonly sizeBytes: number;
      readonly sha256: string;
      readonly resumedCount: number;
      readonly cached: boolean;
    })
  | (OfRun &
      TreeChange & {
        readonly kind: 'content.installed';
        readonly receiptId: string;
        readonly reverted: boolean;
      })
  /** What a run left in a root that it may write; also one that was cut. */
  | (OfRun &
      TreeChange & {
        readonly kind: 'root.changed';
        /** Why it could not be listed as a whole. Absent: it could. */
        readonly problem?: string;
      })
  | (OfRun & {
      readonly kind: 'egress.seen';
      readonly host: string;
      readonly port: number;
      readonly allowed: boolean;
      readonly sentBytes: number;
      readonly receivedBytes: number;
      /** How many connections this tells of. Absent: one. */
      readonly connectionCount?: number;
      /** Why they were cut or refused, where it was not for want of a grant. */
      readonly reason?: ReasonCode;
    })
  | (OfRun & {
      readonly kind: 'critical.changed';
      readonly entered: boolean;
      readonly why: string;
      readonly lastedMs?: number;
      /** It was not left in time. Absent: it was. */
      readonly overrun?: boolean;
    })
  | (OfRun & {
      readonly kind: 'run.notice';
      readonly message: string;
      /** With which the host refused the updater something. Absent: the updater says it, or the host something else. */
      readonly reason?: ReasonCode;
    });
