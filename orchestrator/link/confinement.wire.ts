// How strongly a host confines, from the wire and to those who ask. Generated types stop here.

import { displayText } from '../../conditions/words.js';
import {
  isLevel,
  type CgroupKind,
  type Confinement,
  type TrialResult,
} from '../../conditions/confinement.js';
import type { Confinement as WireConfinement } from '../../proto/gen/lull/link/v1/link.js';

const TRIALS_MAX = 64;
const LIMITS_MAX = 16;
const cgroupKinds: readonly CgroupKind[] = ['v1', 'v2', 'hybrid', 'none'];
const results: readonly TrialResult[] = ['denied', 'allowed', 'unknown'];

/** What is not understood counts as the weakest. */
export function confinementFromWire(wire: WireConfinement): Confinement {
  return {
    level: isLevel(wire.level) ? wire.level : 'none',
    runtime: displayText(wire.runtime, 64),
    cgroups: cgroupKinds.find((kind) => kind === wire.cgroups) ?? 'none',
    trials: wire.trials.slice(0, TRIALS_MAX).map(({ name, result }) => ({
      name: displayText(name, 32),
      result: results.find((each) => each === result) ?? 'unknown',
    })),
    limits: wire.limits.slice(0, LIMITS_MAX).map((word) => displayText(word, 32)),
  };
}
