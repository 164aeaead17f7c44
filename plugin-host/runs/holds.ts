// What keeps a run from going on. A run goes on only while nothing holds it.
//
//   guard     a requirement broke; ends with the orchestrator's permission, and only while the guard
//             is whole again
//   operator  the orchestrator asked for a pause; ends with its permission
//   lease     the orchestrator has not renewed; ends with the next renewal
//
// Invariant: H1. Holding is always allowed and happens at once; letting go needs the one who may.

import type { ReasonCode } from '../../conditions/reason.js';

export type HoldKind = 'guard' | 'operator' | 'lease';

export type Holds = ReadonlyMap<HoldKind, readonly ReasonCode[]>;

export const noHolds: Holds = new Map();

export function withHold(holds: Holds, kind: HoldKind, codes: readonly ReasonCode[]): Holds {
  return new Map(holds).set(kind, codes);
}

/** The lease is renewed: only what its end had held is let go. */
export function renewed(holds: Holds): Holds {
  return without(holds, ['lease']);
}

/** Permission to go on, with what the guard objects to at this instant (H1). */
export function permitted(holds: Holds, guardObjections: readonly ReasonCode[]): Holds {
  return guardObjections.length > 0
    ? withHold(without(holds, ['operator']), 'guard', guardObjections)
    : without(holds, ['guard', 'operator']);
}

export function codesOf(holds: Holds): ReasonCode[] {
  return [...new Set([...holds.values()].flat())];
}

function without(holds: Holds, kinds: readonly HoldKind[]): Holds {
  return new Map([...holds].filter(([kind]) => !kinds.includes(kind)));
}
