// Requirements: what must hold, and the one function that judges them.
//
// The orchestrator judges them before it admits, the plugin-host judges them while a run is on. Both
// call `judge`, so they cannot disagree.

import { judgeBattery, judgeOnAc } from './power.js';
import { judgeDiskFree } from './disk-space.js';
import { judgeBelow } from './load.js';
import { judgePersonAway } from './presence.js';
import type { GateResult } from './gate.js';
import type { PercentSignal, Readings } from './reading.js';
import type { Reason } from './reason.js';

export type Requirement =
  /** Nobody has used the machine for `forMs`. */
  | { readonly kind: 'person-away'; readonly forMs: number }
  | { readonly kind: 'on-ac' }
  /** Holds on machines without a battery. */
  | { readonly kind: 'battery-above'; readonly percent: number }
  | { readonly kind: 'below'; readonly signal: PercentSignal; readonly percent: number }
  | { readonly kind: 'disk-free'; readonly path: string; readonly bytes: number };

/** Judges one requirement. Total: every union of readings has an answer. */
export function judge(requirement: Requirement, readings: Readings, nowMs: number): GateResult {
  switch (requirement.kind) {
    case 'person-away':
      return judgePersonAway(requirement.forMs, readings, nowMs);
    case 'on-ac':
      return judgeOnAc(readings);
    case 'battery-above':
      return judgeBattery(requirement.percent, readings);
    case 'below':
      return judgeBelow(requirement.signal, requirement.percent, readings);
    case 'disk-free':
      return judgeDiskFree(requirement.path, requirement.bytes, readings);
  }
}

/** Every reason why `requirements` do not all hold; empty when they do. */
export function objections(
  requirements: readonly Requirement[],
  readings: Readings,
  nowMs: number,
): Reason[] {
  return requirements.flatMap((requirement) => {
    const result = judge(requirement, readings, nowMs);
    return result.kind === 'open' ? [] : [result.reason];
  });
}
