// A grant as the plugin-host knows it: permission to run one action, and everything that it needs.

import type { Action } from '../../bundle/manifest.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { NetworkLimits } from '../egress/allowance.js';
import type { DiskRates } from '../sandbox/limits.js';

export interface Grant {
  readonly runId: string;
  /** Fence: what carries a lower one than the run has seen comes from the past. */
  readonly epoch: number;
  readonly attempt: number;
  readonly leaseMs: number;
  readonly updater: {
    readonly id: string;
    readonly version: string;
    readonly bundleSha256: string;
    readonly envelope: Uint8Array;
  };
  readonly settings: ReadonlyMap<string, string>;
  readonly work: GrantedWork;
  readonly limits: {
    readonly runMsMax: number;
    readonly memoryBytesMax: number;
    readonly processesMax: number;
    readonly diskBytesMax: number;
    /** Versions before the present one that are kept of an install root. */
    readonly previousVersions: number;
    readonly diskRates: DiskRates;
    /** Of its launch, of the host. */
    readonly callsPerMinuteMax: number;
    /** The machine is kept awake for so long in a session. */
    readonly keepAwakeMsMax: number;
  };
  readonly guard: readonly Requirement[];
  readonly network: NetworkLimits;
  /** Hosts that the operator's policy allows in an inner network. */
  readonly privateHosts: readonly string[];
}

export type GrantedWork =
  | { readonly kind: 'scan' }
  /** `update`: the message as it came; the host hands it through and judges nothing in it. */
  | { readonly kind: 'perform'; readonly action: Action; readonly update: Uint8Array }
  /** Done by the host itself: no updater is launched. */
  | { readonly kind: 'revert'; readonly roots: readonly RevertedRoot[] };

const changing: ReadonlySet<Action> = new Set<Action>(['install', 'rollback', 'uninstall']);

/**
 * Whether it may change a root. The rest begins where less is asked of the moment: a scan or a download needs
 * no mains, a verify no window.
 */
export function changesRoots(work: GrantedWork): boolean {
  return work.kind === 'perform' && changing.has(work.action);
}

/** A root to put back, by the receipt of what was committed to it. */
export interface RevertedRoot {
  readonly receiptId: string;
  readonly root: string;
  readonly path: string;
}
