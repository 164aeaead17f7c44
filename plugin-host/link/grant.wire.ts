// Grants from the wire. Generated types stop here.

import type { Requirement } from '../../conditions/requirement.js';
import type { Grant as WireGrant } from '../../proto/gen/lull/link/v1/link.js';
import { Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { actionFromWire } from '../../proto/wire/action.js';
import { requirementFromWire } from '../../proto/wire/requirement.js';
import { noLimits, type NetworkLimits } from '../egress/allowance.js';
import type { Grant, GrantedWork } from '../runs/grant.js';

/** Of an older orchestrator, which does not say. */
const CALLS_PER_MINUTE = 250;
const KEEP_AWAKE_MS = 3_600_000n;

/** What has to hold, or undefined where it cannot be judged whole: it is refused then, never shortened. */
export function guardFromWire(wire: WireGrant['guard']): Requirement[] | undefined {
  const guard = wire.map(requirementFromWire).filter((each) => each !== undefined);
  return guard.length === wire.length ? guard : undefined;
}

/** The grant, or undefined for one that this version cannot keep to the letter. */
export function grantFromWire(wire: WireGrant): Grant | undefined {
  const { updater, limits } = wire;
  const work = workFromWire(wire.work);
  const guard = guardFromWire(wire.guard);
  if (updater === undefined || limits === undefined || work === undefined) return undefined;
  if (guard === undefined) return undefined;
  return {
    runId: wire.runId,
    epoch: Number(wire.epoch),
    attempt: wire.attempt,
    leaseMs: wire.leaseMs,
    updater,
    settings: new Map(updater.settings.map(({ name, value }) => [name, value])),
    work,
    limits: {
      runMsMax: Number(limits.runMsMax),
      memoryBytesMax: Number(limits.memoryBytesMax),
      processesMax: limits.processesMax,
      diskBytesMax: Number(limits.diskBytesMax),
      previousVersions: limits.previousVersions ?? 1,
      diskRates: {
        readBytesPerSMax: rateFromWire(limits.diskReadBytesPerSMax),
        writeBytesPerSMax: rateFromWire(limits.diskWriteBytesPerSMax),
      },
      callsPerMinuteMax: limits.callsPerMinuteMax ?? CALLS_PER_MINUTE,
      keepAwakeMsMax: Number(limits.keepAwakeMsMax ?? KEEP_AWAKE_MS),
    },
    guard,
    network: networkFromWire(wire.network),
    privateHosts: wire.network?.privateHosts ?? [],
  };
}

function networkFromWire(wire: WireGrant['network']): NetworkLimits {
  if (wire === undefined) return noLimits;
  return {
    bytesPerSMax: rateFromWire(wire.bytesPerSMax),
    engagedBytesPerSMax: rateFromWire(wire.engagedBytesPerSMax),
    meteredBytesMax: Number(wire.meteredBytesMax),
  };
}

function rateFromWire(bytesPerS: bigint): number {
  return bytesPerS === 0n ? Number.POSITIVE_INFINITY : Number(bytesPerS);
}

function workFromWire(work: WireGrant['work']): GrantedWork | undefined {
  switch (work?.$case) {
    case 'scan':
      return { kind: 'scan' };
    case 'perform': {
      const action = actionFromWire(work.value.action);
      const { update } = work.value;
      return action === undefined || update === undefined
        ? undefined
        : { kind: 'perform', action, update: Update.encode(update).finish() };
    }
    case 'revert':
      return { kind: 'revert', roots: work.value.roots };
    case undefined:
      return undefined;
  }
}
