// "Not now" from outside: Inhibit, ReleaseInhibition, ListInhibitions.

import { status } from '@grpc/grpc-js';
import type {
  Inhibition as WireInhibition,
  InhibitRequest,
  SensorServiceServer,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { rpcError } from '../../runtime/grpc.js';
import {
  INHIBIT_MS_MAX,
  INHIBITIONS_MAX,
  OWNER_CHARS_MAX,
  WHY_CHARS_MAX,
  type Inhibition,
} from '../reading/inhibit.js';
import type { InhibitLoop } from '../sampling/inhibit.loop.js';

export function inhibitHandlers(
  inhibitions: InhibitLoop,
): Pick<SensorServiceServer, 'inhibit' | 'releaseInhibition' | 'listInhibitions'> {
  return {
    inhibit: ({ request }, callback) => {
      const wrong = problemOf(request);
      if (wrong !== undefined) {
        callback(rpcError(status.INVALID_ARGUMENT, 'FIELD_INVALID', wrong));
        return;
      }
      const made = inhibitions.inhibit(request.owner, request.reason, Number(request.ttlMs));
      if (made === undefined) {
        const message = `${String(INHIBITIONS_MAX)} inhibitions stand already; release one of them`;
        callback(rpcError(status.RESOURCE_EXHAUSTED, 'RATE_LIMITED', message));
        return;
      }
      callback(null, { inhibition: inhibitionToWire(made) });
    },

    releaseInhibition: ({ request }, callback) => {
      callback(null, { released: inhibitions.release(request.id) });
    },

    listInhibitions: (_call, callback) => {
      callback(null, { inhibitions: inhibitions.list().map(inhibitionToWire) });
    },
  };
}

function problemOf({ owner, reason, ttlMs }: InhibitRequest): string | undefined {
  if (!isLength(owner, OWNER_CHARS_MAX)) {
    return `owner must have 1 to ${String(OWNER_CHARS_MAX)} characters`;
  }
  if (!isLength(reason, WHY_CHARS_MAX)) {
    return `reason must have 1 to ${String(WHY_CHARS_MAX)} characters`;
  }
  if (ttlMs < 1n || ttlMs > BigInt(INHIBIT_MS_MAX)) {
    return `ttl_ms must be 1 to ${String(INHIBIT_MS_MAX)} (14 days)`;
  }
  return undefined;
}

/** Characters, not code units: names are written in every script. */
function isLength(text: string, charsMax: number): boolean {
  if (text.trim() === '' || text.length > charsMax * 4) return false;
  return Array.from(text).length <= charsMax;
}

function inhibitionToWire({ id, owner, why, sinceMs, untilMs }: Inhibition): WireInhibition {
  return {
    id,
    owner,
    reason: why,
    sinceUnixMs: BigInt(Math.round(sinceMs)),
    untilUnixMs: BigInt(Math.round(untilMs)),
  };
}
