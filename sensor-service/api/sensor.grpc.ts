// SensorService on the wire: reads requests, answers with what the rest of the folder knows.

import { isAbsolute } from 'node:path';
import { status } from '@grpc/grpc-js';
import {
  ReportPresenceRequest_Report as WireReport,
  type ReportPresenceRequest,
  type SensorServiceServer,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { readingToWire } from '../../proto/wire/reading.js';
import type { Clock } from '../../runtime/clock.js';
import { rpcError } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { InventoryProbe } from '../probe/inventory.js';
import { REPORT_TTL_MS_MAX, type PresenceReport } from '../reading/reported.js';
import type { Asked } from '../sampling/asked.js';
import type { InhibitLoop } from '../sampling/inhibit.loop.js';
import type { Latest } from '../sampling/latest.js';
import type { SamplingLoop } from '../sampling/loop.js';
import type { PresenceLoop } from '../sampling/presence.loop.js';
import { behindGuards } from './behind-guards.loop.js';
import { inhibitHandlers } from './inhibit.grpc.js';
import { inventoryToWire } from './inventory.grpc.js';
import { paceOf, StateStream, type WatchCall } from './state-stream.grpc.js';

/** A table, because an enum's value of a later version arrives as a bare number. */
const reports: ReadonlyMap<WireReport, PresenceReport> = new Map([
  [WireReport.ENGAGED, 'engaged'],
  [WireReport.AWAY, 'away'],
  [WireReport.AUTO, 'auto'],
]);

export interface SensorApiDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly latest: Latest;
  readonly sampling: SamplingLoop;
  readonly presence: PresenceLoop;
  readonly inventory: InventoryProbe;
  readonly inhibitions: InhibitLoop;
  readonly apps: Asked;
  readonly disks: Asked;
}

interface SensorApi extends Closeable {
  readonly handlers: SensorServiceServer;
}

export function createSensorApi(deps: SensorApiDeps): SensorApi {
  const watchers = new Set<() => void>();
  const handlers: SensorServiceServer = {
    getState: (_call, callback) => {
      const hold = deps.sampling.hold();
      void hold.settled.then(() => {
        hold.release();
        callback(null, { readings: [...deps.latest.readings.values()].map(readingToWire) });
      });
    },

    // A server lets in only so many of them.
    watchState: (call) => {
      const end = watch(call, deps, () => watchers.delete(end));
      watchers.add(end);
    },

    reportPresence: (call, callback) => {
      const observedMonotonicNs = process.hrtime.bigint();
      const asked = parseReport(call.request);
      if (typeof asked === 'string') {
        callback(rpcError(status.INVALID_ARGUMENT, 'FIELD_INVALID', asked));
        return;
      }
      const reading = deps.presence.report(asked.report, asked.ttlMs, observedMonotonicNs);
      behindGuards(() => {
        callback(null, { presence: readingToWire(reading) });
      });
    },

    ...inhibitHandlers(deps.inhibitions),

    getInventory: (_call, callback) => {
      deps.inventory.read().then(
        (inventory) => {
          callback(null, inventoryToWire(inventory));
        },
        (error: unknown) => {
          deps.log.warn({ err: error }, 'the inventory could not be taken');
          const message = error instanceof Error ? error.message : 'the inventory failed';
          callback(rpcError(status.UNAVAILABLE, 'UPSTREAM_DOWN', message));
        },
      );
    },
  };
  return {
    handlers,
    close: () => {
      for (const end of [...watchers]) end();
    },
  };
}

/** Serves one watcher. @returns what ends it; `onEnd` is called once, whoever ends it. */
function watch(call: WatchCall, deps: SensorApiDeps, onEnd: () => void): () => void {
  const { apps, diskPaths } = call.request;
  const withdraw = [
    deps.apps.ask(apps),
    deps.disks.ask(diskPaths.filter((path) => isAbsolute(path) && !path.includes('\0'))),
  ];
  const hold = deps.sampling.hold(paceOf(call.request));
  let stream: StateStream | undefined;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    if (stream === undefined) call.end();
    else stream.close();
    hold.release();
    for (const each of withdraw) each();
    onEnd();
  };
  call.on('cancelled', end);
  call.on('error', end);
  call.on('close', end);
  // The snapshot waits for one round, so that nothing in it dates from before the loop slept.
  void hold.measured.then(() => {
    if (!ended) stream = new StateStream(call, deps);
  });
  return end;
}

function parseReport(
  request: ReportPresenceRequest,
): { report: PresenceReport; ttlMs: number | undefined } | string {
  if (request.ttlMs > BigInt(REPORT_TTL_MS_MAX)) {
    return `ttl_ms is more than ${String(REPORT_TTL_MS_MAX)} (7 days)`;
  }
  const report = reports.get(request.report);
  if (report === undefined) return 'report must be engaged, away or auto';
  return { report, ttlMs: request.ttlMs === 0n ? undefined : Number(request.ttlMs) };
}
