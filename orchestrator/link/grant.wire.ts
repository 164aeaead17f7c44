// A grant, as it goes to a host: everything that a run needs. Generated types stop here.

import type { Requirement } from '../../conditions/requirement.js';
import type { Manifest } from '../../bundle/manifest.js';
import type { AttachResponse, Grant as WireGrant } from '../../proto/gen/lull/link/v1/link.js';
import { actionToWire } from '../../proto/wire/action.js';
import { requirementToWire } from '../../proto/wire/requirement.js';
import type { Policy } from '../policy/policy.js';
import type { Work } from '../runs/update.js';
import { updateToWire } from './update.wire.js';

export interface Grant {
  readonly runId: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly leaseMs: number;
  readonly manifest: Manifest;
  /** The DSSE envelope that was accepted, base64. */
  readonly envelope: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly work: Work;
  readonly guard: readonly Requirement[];
  readonly network: Policy['network'];
  readonly callsPerMinuteMax: number;
  readonly keepAwakeMsMax: number;
  readonly disk: Pick<
    Policy['disk'],
    'previousVersions' | 'readBytesPerSMax' | 'writeBytesPerSMax'
  >;
}

export function grantToWire(grant: Grant): NonNullable<AttachResponse['kind']> {
  const { manifest, work } = grant;
  const megabyte = 1_000_000n;
  return {
    $case: 'grant',
    value: {
      runId: grant.runId,
      epoch: BigInt(grant.epoch),
      attempt: grant.attempt,
      leaseMs: grant.leaseMs,
      updater: {
        id: manifest.id,
        version: manifest.version,
        bundleSha256: manifest.bundle.sha256,
        envelope: Buffer.from(grant.envelope, 'base64'),
        settings: [...grant.settings].map(([name, value]) => ({ name, value })),
      },
      work: workToWire(work),
      limits: {
        runMsMax: BigInt(manifest.limits.run_s) * 1_000n,
        memoryBytesMax: BigInt(manifest.limits.memory_mb) * megabyte,
        processesMax: manifest.limits.processes,
        diskBytesMax: BigInt(manifest.limits.disk_mb) * megabyte,
        previousVersions: grant.disk.previousVersions,
        diskReadBytesPerSMax: rateToWire(grant.disk.readBytesPerSMax),
        diskWriteBytesPerSMax: rateToWire(grant.disk.writeBytesPerSMax),
        callsPerMinuteMax: grant.callsPerMinuteMax,
        keepAwakeMsMax: BigInt(Math.round(grant.keepAwakeMsMax)),
      },
      guard: grant.guard.map(requirementToWire),
      network: {
        bytesPerSMax: rateToWire(grant.network.bytesPerSMax),
        engagedBytesPerSMax: rateToWire(grant.network.engagedBytesPerSMax),
        meteredBytesMax: BigInt(Math.round(grant.network.meteredBytesMax)),
        privateHosts: [...grant.network.privateHosts],
      },
    },
  };
}

function workToWire(work: Work): WireGrant['work'] {
  switch (work.kind) {
    case 'scan':
      return { $case: 'scan', value: {} };
    case 'perform': {
      const { update } = work;
      const action = actionToWire(update.nextAction);
      return { $case: 'perform', value: { update: updateToWire(update), action } };
    }
    case 'revert': {
      const roots = work.roots.map(({ receiptId, root, path }) => ({ receiptId, root, path }));
      return { $case: 'revert', value: { roots } };
    }
  }
}

/** 0 stands for none; a limit is at least a byte. */
function rateToWire(bytesPerS: number): bigint {
  return Number.isFinite(bytesPerS) ? BigInt(Math.max(1, Math.round(bytesPerS))) : 0n;
}
