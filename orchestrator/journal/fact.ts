// Facts: everything that must survive, as it is written in the journal. A kind is never renamed and
// a field never changes its meaning, because old entries are never rewritten.

import type { Confinement } from '../../conditions/confinement.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Attribution, OrderFact } from './order-fact.js';
import type { RolloutFact } from './rollout-fact.js';
import type { RunFact } from './run-fact.js';

/** A policy that came into force. */
export interface PolicyNoted {
  readonly policySha256: string;
  /**
   * Updaters that were accepted, as far as they were known, and that it does not trust, so that nothing of
   * them runs. Absent: none.
   */
  readonly distrusted?: readonly string[];
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
      /** Of the manifest that was accepted; absent: an older version of Lull wrote it. */
      readonly manifestSha256?: string;
      readonly settings: readonly (readonly [name: string, value: string])[];
      readonly attestation: string;
      /** Nothing of it begins after that. Absent: it was accepted without an end. */
      readonly untilMs?: number;
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
  | RunFact
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
