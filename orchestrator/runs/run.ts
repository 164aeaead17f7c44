// A run: one admitted execution of one action. The states and who may follow whom.
//
//   admitted ─started─▶ running ⇄ paused ─finished─▶ finished
//       │                  │         │
//       └────interrupted───┴─────────┴──▶ interrupted ─admitted again─▶ admitted
//
// Invariants:
//   R1. A run has one id for all its attempts; what repeats it is `interrupted` and the next
//       `admitted`, which carries a higher epoch and attempt.
//   R2. `finished` is final. What arrives for a finished run is late and changes nothing.

import type { Action } from '../../bundle/manifest.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Intrusion } from './intrusion.js';
import type { Work } from './update.js';

export type Outcome =
  | { readonly kind: 'succeeded' }
  | {
      readonly kind: 'more_to_do';
      readonly nextAction: Action;
      /** How long that takes, as the updater expects. Absent: it does not say. */
      readonly expectedS?: number;
    }
  | {
      readonly kind: 'failed';
      readonly code: ReasonCode;
      readonly message: string;
      readonly retry: boolean;
      /** For how long the upstream asked to be left alone. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'cancelled'; readonly code: ReasonCode };

export type RunPhase =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'running'; readonly sinceMs: number }
  | {
      readonly kind: 'paused';
      readonly reasons: readonly string[];
      readonly sinceMs: number;
      /** When it was last told that it may go on. */
      readonly permittedAtMs?: number;
    }
  | {
      readonly kind: 'interrupted';
      readonly code: ReasonCode;
      /** The same in words; empty: nobody said more. */
      readonly message: string;
      readonly sinceMs: number;
      readonly retryAtMs: number;
    }
  | { readonly kind: 'finished'; readonly outcome: Outcome; readonly atMs: number };

export interface Run {
  readonly id: string;
  readonly epoch: number;
  readonly attempt: number;
  /** Attempts that were cut or crashed. One that was handed over is nobody's failure. */
  readonly strikeCount: number;
  readonly hostId: string;
  readonly updaterId: string;
  readonly updaterVersion: string;
  readonly work: Work;
  readonly intrusion: Intrusion;
  readonly admittedAtMs: number;
  readonly pauseCount: number;
  /** As of the phases before this one, over all attempts. */
  readonly ranMs: number;
  readonly heldMs: number;
  /** Its first entry of the journal, and the last one that has changed it. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** When it was last permitted to go on after a pause; absent: never, in this attempt. */
  readonly resumedAtMs?: number;
  /** In a critical section: it is throttled instead of frozen, and not to be ended. */
  readonly inSection?: boolean;
  readonly phase: RunPhase;
}

/** `revert` is the host's own: no updater is asked. */
export type ActionName = 'scan' | 'revert' | Action;

export function actionOf({ work }: { readonly work: Work }): ActionName {
  return work.kind === 'perform' ? work.update.nextAction : work.kind;
}

/** For how long it has run, and for how long it was held: frozen, or slowed where it may not be frozen. */
export function spent(run: Run, nowMs: number): Pick<Run, 'ranMs' | 'heldMs'> {
  const { phase, ranMs, heldMs } = run;
  if (phase.kind !== 'running' && phase.kind !== 'paused') return { ranMs, heldMs };
  // A clock that was set back takes nothing away.
  const passedMs = Math.max(0, nowMs - phase.sinceMs);
  return phase.kind === 'running'
    ? { ranMs: ranMs + passedMs, heldMs }
    : { ranMs, heldMs: heldMs + passedMs };
}

/** Whether the run occupies its slot: it has, or is about to have, a sandbox. */
export function holdsSlot(run: Run): boolean {
  switch (run.phase.kind) {
    case 'admitted':
    case 'running':
    case 'paused':
      return true;
    case 'interrupted':
    case 'finished':
      return false;
  }
}
