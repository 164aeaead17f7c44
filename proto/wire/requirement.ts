// Requirements on the wire and in the core. Generated types stop here.

import {
  attentionSignals,
  percentSignals,
  thermalWords,
  type PercentSignal,
} from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { Requirement as WireRequirement } from '../gen/lull/link/v1/link.js';

export function requirementToWire(requirement: Requirement): WireRequirement {
  return { kind: kindToWire(requirement) };
}

function kindToWire(requirement: Requirement): WireRequirement['kind'] {
  switch (requirement.kind) {
    case 'person-away':
      return {
        $case: 'personAway',
        value: {
          forMs: BigInt(requirement.forMs),
          lockedForMs: bigOrAbsent(requirement.lockedForMs),
          darkForMs: bigOrAbsent(requirement.darkForMs),
        },
      };
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
    case 'undisturbed':
      return { $case: 'undisturbed', value: { ignoring: [...(requirement.ignoring ?? [])] } };
    case 'no-power-saver':
      return { $case: 'noPowerSaver', value: {} };
    case 'cool':
      return { $case: 'cool', value: { hottest: requirement.hottest } };
    case 'unmetered':
      return {
        $case: 'unmetered',
        value: {
          bytes: requirement.bytes,
          bytesMax: requirement.bytesMax,
          unknownBytesMax: requirement.unknownBytesMax,
        },
      };
    case 'connected':
      return { $case: 'connected', value: {} };
    case 'network-quiet':
      return { $case: 'networkQuiet', value: { bytesPerS: requirement.bytesPerS } };
    case 'app-closed':
      return { $case: 'appClosed', value: { path: requirement.path } };
    case 'lock-free':
      return { $case: 'lockFree', value: { name: requirement.name } };
    case 'no-remote-session':
      return { $case: 'noRemoteSession', value: {} };
    case 'settled':
      return {
        $case: 'settled',
        value: {
          setUpMs: BigInt(requirement.setUpMs),
          bootMs: BigInt(requirement.bootMs),
          resumeMs: BigInt(requirement.resumeMs),
          loginMs: BigInt(requirement.loginMs),
        },
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
      return {
        kind: 'person-away',
        forMs: Number(kind.value.forMs),
        ...(kind.value.lockedForMs === undefined
          ? {}
          : { lockedForMs: Number(kind.value.lockedForMs) }),
        ...(kind.value.darkForMs === undefined ? {} : { darkForMs: Number(kind.value.darkForMs) }),
      };
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
    case 'undisturbed':
      return undisturbedFromWire(kind.value.ignoring);
    case 'noPowerSaver':
      return { kind: 'no-power-saver' };
    case 'cool': {
      const hottest = thermalWords.find((word) => word === kind.value.hottest);
      return hottest === undefined ? undefined : { kind: 'cool', hottest };
    }
    case 'unmetered': {
      const { bytes, bytesMax, unknownBytesMax } = kind.value;
      return {
        ...{ kind: 'unmetered', bytes },
        ...(bytesMax === undefined ? {} : { bytesMax }),
        ...(unknownBytesMax === undefined ? {} : { unknownBytesMax }),
      };
    }
    case 'connected':
      return { kind: 'connected' };
    case 'networkQuiet':
      return { kind: 'network-quiet', bytesPerS: kind.value.bytesPerS };
    case 'appClosed':
      return { kind: 'app-closed', path: kind.value.path };
    case 'lockFree':
      return { kind: 'lock-free', name: kind.value.name };
    case 'noRemoteSession':
      return { kind: 'no-remote-session' };
    case 'settled':
      return {
        kind: 'settled',
        setUpMs: Number(kind.value.setUpMs),
        bootMs: Number(kind.value.bootMs),
        resumeMs: Number(kind.value.resumeMs),
        loginMs: Number(kind.value.loginMs),
      };
    case undefined:
      return undefined;
  }
}

/** What is not to be asked has to be known as well: a newer word may mean more than is understood here. */
function undisturbedFromWire(names: readonly string[]): Requirement | undefined {
  const ignoring = attentionSignals.filter((signal) => names.includes(signal));
  if (ignoring.length !== names.length) return undefined;
  return { kind: 'undisturbed', ...(ignoring.length === 0 ? {} : { ignoring }) };
}

function isPercentSignal(name: string): name is PercentSignal {
  return (percentSignals as readonly string[]).includes(name);
}

function bigOrAbsent(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
