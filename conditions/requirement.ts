// Requirements: what must hold, and the one function that judges them.
//
// The orchestrator judges them before it admits, the plugin-host judges them while a run is on. Both
// call `judge`, so they cannot disagree.

import { judgeUndisturbed } from './attention.js';
import {
  judgeAppClosed,
  judgeCool,
  judgeLockFree,
  judgeNoRemoteSession,
  judgePowerSaver,
  judgeSettled,
} from './machine.js';
import { judgeConnected, judgeNetworkQuiet, judgeUnmetered, type ToBeSent } from './network.js';
import { judgeBattery, judgeOnAc } from './power.js';
import { judgeDiskFree } from './disk-space.js';
import { judgeBelow } from './load.js';
import { judgePersonAway, type WantedAbsence } from './presence.js';
import { reasonsOf, type GateResult } from './gate.js';
import type { AttentionSignal, PercentSignal, Readings, ThermalWord } from './reading.js';
import type { Reason } from './reason.js';

export type Requirement =
  | ({ readonly kind: 'person-away' } & WantedAbsence)
  | { readonly kind: 'on-ac' }
  /** Holds on machines without a battery. */
  | { readonly kind: 'battery-above'; readonly percent: number }
  | { readonly kind: 'below'; readonly signal: PercentSignal; readonly percent: number }
  | { readonly kind: 'disk-free'; readonly path: string; readonly bytes: number }
  /** Nothing that a person must not be disturbed in. */
  | { readonly kind: 'undisturbed'; readonly ignoring?: readonly AttentionSignal[] }
  | { readonly kind: 'no-power-saver' }
  | { readonly kind: 'cool'; readonly hottest: ThermalWord }
  | ({ readonly kind: 'unmetered' } & ToBeSent)
  | { readonly kind: 'connected' }
  | { readonly kind: 'network-quiet'; readonly bytesPerS: number }
  | { readonly kind: 'app-closed'; readonly path: string }
  | { readonly kind: 'lock-free'; readonly name: string }
  | { readonly kind: 'no-remote-session' }
  /** Long enough since the machine was set up, started, woke and was logged in to. */
  | {
      readonly kind: 'settled';
      readonly setUpMs: number;
      readonly bootMs: number;
      readonly resumeMs: number;
      readonly loginMs: number;
    };

/** Judges one requirement. Total: every union of readings has an answer. */
export function judge(requirement: Requirement, readings: Readings, nowMs: number): GateResult {
  switch (requirement.kind) {
    case 'person-away':
      return judgePersonAway(requirement, readings, nowMs);
    case 'on-ac':
      return judgeOnAc(readings);
    case 'battery-above':
      return judgeBattery(requirement.percent, readings);
    case 'below':
      return judgeBelow(requirement.signal, requirement.percent, readings);
    case 'disk-free':
      return judgeDiskFree(requirement.path, requirement.bytes, readings);
    case 'undisturbed':
      return judgeUndisturbed(requirement.ignoring ?? [], readings);
    case 'no-power-saver':
      return judgePowerSaver(readings);
    case 'cool':
      return judgeCool(requirement.hottest, readings);
    case 'unmetered':
      return judgeUnmetered(requirement, readings);
    case 'connected':
      return judgeConnected(readings);
    case 'network-quiet':
      return judgeNetworkQuiet(requirement.bytesPerS, readings);
    case 'app-closed':
      return judgeAppClosed(requirement.path, readings);
    case 'lock-free':
      return judgeLockFree(requirement.name, readings);
    case 'no-remote-session':
      return judgeNoRemoteSession(readings);
    case 'settled':
      return judgeSettled(requirement, readings, nowMs);
  }
}

/** Every reason why `requirements` do not all hold; empty when they do. */
export function objections(
  requirements: readonly Requirement[],
  readings: Readings,
  nowMs: number,
): Reason[] {
  const reasons: Reason[] = [];
  for (const requirement of requirements) {
    const result = judge(requirement, readings, nowMs);
    if (result.kind !== 'open') reasons.push(...reasonsOf(result));
  }
  return reasons;
}
