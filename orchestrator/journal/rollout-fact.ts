// An update on its way through a fleet, ring by ring.

import type { Actor } from './order-fact.js';

/** One version of one update. */
export interface RolledOut {
  readonly updaterId: string;
  readonly updateId: string;
  readonly toVersion: string;
}

export type RolloutFact =
  /** Some machine has found it: from now on the rings open. */
  | (RolledOut & { readonly kind: 'rollout.started' })
  /** It did not work on a machine. */
  | (RolledOut & {
      readonly kind: 'rollout.failed';
      readonly hostId: string;
      /** By policy at that time. */
      readonly ring: string;
      readonly why: string;
    })
  | (RolledOut & { readonly kind: 'rollout.stopped'; readonly why: string; readonly actor: Actor })
  /** What has failed until now counts no more. */
  | (RolledOut & { readonly kind: 'rollout.resumed'; readonly actor: Actor });
