// Requirements on the wire and in the core. Generated types stop here.

import { percentSignals, type PercentSignal } from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { Requirement as WireRequirement } from '../gen/lull/link/v1/link.js';

export function requirementToWire(requirement: Requirement): WireRequirement {
  return { kind: kindToWire(requirement) };
}

function kindToWire(requirement: Requirement): WireRequirement['kind'] {
  switch (requirement.kind) {
    case 'person-away':
      return { $case: 'personAway', value: { forMs: BigInt(requirement.forMs) } };
    case 'on-ac':
      return { $case: 'onAc', value: {} };
    case 'battery-above':
      return { $case: 'batteryAbove', value: { percent: requirement.percent } };
    case 'below':
      return {
        $case: 'below',
        value: { signal: requirement.signal, percent: requirement.percent },
      };
    case 'disk-free':
      return {
        $case: 'diskFree',
        value: { path: requirement.path, bytes: BigInt(requirement.bytes) },
      };
  }
}

/**
 * The requirement, or undefined for one that this version does not know. A guard with a requirement
 * that cannot be judged must be refused, never shortened.
 */
export function requirementFromWire(wire: WireRequirement): Requirement | undefined {
  const kind = wire.kind;
  switch (kind?.$case) {
    case 'personAway':
      return { kind: 'person-away', forMs: Number(kind.value.forMs) };
    case 'onAc':
      return { kind: 'on-ac' };
    case 'batteryAbove':
      return { kind: 'battery-above', percent: kind.value.percent };
    case 'below':
      return isPercentSignal(kind.value.signal)
        ? { kind: 'below', signal: kind.value.signal, percent: kind.value.percent }
        : undefined;
    case 'diskFree':
      return { kind: 'disk-free', path: kind.value.path, bytes: Number(kind.value.bytes) };
    case undefined:
      return undefined;
  }
}

function isPercentSignal(name: string): name is PercentSignal {
  return (percentSignals as readonly string[]).includes(name);
}
