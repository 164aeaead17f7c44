// Facts: everything that must survive, as it is written in the journal. A kind is never renamed and
// a field never changes its meaning, because old entries are never rewritten.

import type { Confinement } from '../../conditions/confinement.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Intrusion } from '../runs/intrusion.js';
import type { Outcome } from '../runs/run.js';
import type { Update, Work } from '../runs/update.js';
import type { Attribution, OrderFact } from './order-fact.js';
import type { RolloutFact } from './rollout-fact.js';

/** A policy that came into force. */
export interface PolicyNoted {
  readonly policySha256: string;
  /**
   * Updaters that were accepted, as far as they were known, and that it does not trust, so that nothing of
   * them runs. Absent: none.
   */
  readonly distrusted?: readonly string[];
}

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

/** The host's event that a fact was made of. Sent again, it is known by this. */
export interface Heard {
  readonly hostId: string;
  /** Sequences are of one instance. */
  readonly instanceId: string;
  readonly sequence: number;
}

export type Fact = KindOfFact & {
  readonly heard?: Heard;
  /** The machine that it is about, in a journal of several. Absent: all of the journal's. */
  readonly machine?: string;
  /** Copied from this entry of the fleet's journal. */
  readonly fleet?: number;
};

type KindOfFact =
  | ({ readonly kind: 'orchestrator.started'; readonly version: string } & PolicyNoted)
  | ({ readonly kind: 'policy.changed' } & PolicyNoted)
  /** What the entries up to `sequence` amount to is kept beside the journal, as these bytes. */
  | {
      readonly kind: 'snapshot.taken';
      readonly sequence: number;
      readonly sha256: string;
      readonly sizeBytes: number;
    }
  | {
      readonly kind: 'updater.submitted';
      readonly id: string;
      readonly version: string;
      readonly publisher: string;
      readonly bundleSha256: string;
      /** The DSSE envelope, base64: the evidence, and what hosts are given. */
      readonly envelope: string;
      readonly keyIds: readonly string[];
      /** The name in the certificate of whoever submitted it. */
      readonly by?: string;
    }
  | {
      readonly kind: 'updater.refused';
      readonly id: string;
      readonly version: string;
      readonly code: ReasonCode;
      readonly message: string;
    }
  | (Attribution & {
      readonly kind: 'updater.enabled';
      readonly id: string;
      readonly version: string;
      readonly bundleSha256: string;
      readonly settings: readonly (readonly [name: string, value: string])[];
      readonly attestation: string;
    })
  | (Attribution & {
      readonly kind: 'updater.suspended';
      readonly id: string;
      readonly code: ReasonCode;
      readonly why: string;
    })
  | (Attribution & { readonly kind: 'updater.withdrawn'; readonly id: string })
  | {
      readonly kind: 'host.attached';
      readonly hostId: string;
      readonly instanceId: string;
      /** Of entries before there was a self-test. */
      readonly confinement?: string;
      /** Names this start of its machine. Absent: it could not tell. */
      readonly bootId?: string;
    }
  | ({ readonly kind: 'host.confined'; readonly hostId: string } & Confinement)
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
  | (OfRun & { readonly kind: 'run.notice'; readonly message: string })
  /** So much of what the machine said was left out: once when it begins, and all of it when it is over. */
  | {
      readonly kind: 'facts.refused';
      readonly code: ReasonCode;
      readonly count: number;
      readonly sizeBytes: number;
    }
  | OrderFact
  | RolloutFact
  /** The machine restarts at an instant, for these updates together. */
  | {
      readonly kind: 'restart.ordered';
      readonly hostId: string;
      readonly atMs: number;
      readonly updates: readonly string[];
    }
  | { readonly kind: 'restart.cancelled'; readonly code: ReasonCode; readonly message: string }
  | { readonly kind: 'restart.failed'; readonly message: string }
  /** Somebody set the clock that the entries' instants are of: above 0 ahead. */
  | { readonly kind: 'clock.set'; readonly byMs: number }
  /** One hour of this machine's rhythm. */
  | {
      readonly kind: 'rhythm.hour';
      readonly hourOfWeek: number;
      readonly awayS: number;
      readonly returns: number;
      /** The same by the age of the absence. Absent: of entries before it was told apart. */
      readonly ages?: readonly (readonly [fromS: number, awayS: number, returns: number])[];
    };
