// What a run reports: facts for the journal, and progress for whoever watches.

import type { Action } from '../../bundle/manifest.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { HostEvent, RootChange } from '../channel/hosted-run.js';

export type Outcome =
  | { readonly kind: 'succeeded' }
  | {
      readonly kind: 'more_to_do';
      readonly nextAction: Action;
      /** How long that takes, as the updater expects. */
      readonly expectedS?: number;
    }
  | {
      readonly kind: 'failed';
      /** A code of the closed table, or the vendor's own. */
      readonly reason: string;
      readonly message: string;
      readonly retry: boolean;
      /** For how long the upstream asked to be left alone. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'cancelled'; readonly reason: ReasonCode };

export type RunEvent =
  | {
      readonly kind: 'started';
      readonly sandboxSha256: string;
      /** From grant to serving. Absent: it never served, or nothing was launched. */
      readonly launchMs?: number;
      /** What was executed; empty: the host does it itself. */
      readonly argv: readonly string[];
    }
  | { readonly kind: 'progress'; readonly fraction?: number; readonly step: string }
  /** `update`: an encoded lull.updater.v1.Update. */
  | { readonly kind: 'found'; readonly update: Uint8Array }
  | {
      readonly kind: 'frozen';
      readonly reasons: readonly ReasonCode[];
      readonly reactionNs?: bigint;
      readonly cpuUs: number;
    }
  | { readonly kind: 'thawed'; readonly frozenMs: number; readonly cpuUsWhileFrozen: number }
  /** Slowed instead of frozen: it is in a critical section, or was asked to pause. */
  | {
      readonly kind: 'throttled';
      readonly reasons: readonly ReasonCode[];
      readonly reactionNs?: bigint;
      readonly cpuUs: number;
    }
  | {
      readonly kind: 'unthrottled';
      readonly throttledMs: number;
      readonly cpuUsWhileThrottled: number;
    }
  | {
      readonly kind: 'critical';
      readonly entered: boolean;
      readonly why: string;
      readonly lastedMs: number;
      readonly overrun: boolean;
    }
  | RootChange
  | Exclude<HostEvent, { kind: 'log' }>
  | { readonly kind: 'finished'; readonly outcome: Outcome; readonly outputTail: string };

/** Whether no later attempt will follow: the work is done. */
export function isFinal({ kind }: Outcome): boolean {
  return kind === 'succeeded' || kind === 'more_to_do' || kind === 'gone';
}

export function failed(reason: ReasonCode, message: string, retry: boolean): Outcome {
  return { kind: 'failed', reason, message, retry };
}
