// One sensor-service in a process of its own, and this process as its watcher.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readings } from '../../conditions/reading.js';
import {
  ReportPresenceRequest_Report as Report,
  SensorServiceClient,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { watchSensor } from '../../proto/watch/sensor.grpc.js';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { openLull } from '../lull.spawn.js';

const CALL_MS_MAX = 10_000;
const BETWEEN_EDGES_MS = 5;
const NS_PER_MS = 1e6;
const cadences = {
  rest: { heartbeatMs: 10_000, silentMs: 25_000, edgesOnly: true },
  run: { heartbeatMs: 200, silentMs: 2_000, edgesOnly: false },
} as const;

export interface WatchedSensors {
  readonly pid: number;
  readonly readings: () => Readings;
  /** Called for each change until the next one is given. */
  hear(fn: (readings: Readings, atNs: bigint) => void): void;
  pace(cadence: keyof typeof cadences): Promise<void>;
  /** Measures everything, twice, with nobody watching it at a pace of its own. */
  measureAll(): Promise<void>;
  /** Says that a person comes and goes. @returns ms from each edge to this process. */
  edges(count: number): Promise<number[]>;
}

export async function startWatched(scratch: string, opened: CloseStack): Promise<WatchedSensors> {
  const directory = join(scratch, 's');
  mkdirSync(directory);
  const policyFile = join(directory, 'policy.yaml');
  writeFileSync(policyFile, '{}\n');
  const args = ['--only', 'sensor-service', '--log-level', 'warn'];
  const lull = await openLull({ directory, policyFile, args }, opened);
  const socketPath = join(lull.runDir, 'sensor.sock');
  const client = opened.add('sensor', dialUnix(SensorServiceClient, socketPath));
  let readings: Readings = new Map();
  let listener: Parameters<WatchedSensors['hear']>[0] = () => undefined;
  const watch = opened.add(
    'watch',
    watchSensor({
      socketPath,
      heartbeatMs: cadences.rest.heartbeatMs,
      silentAfterMs: cadences.rest.silentMs,
      edgesOnly: true,
      clock: systemClock,
      signal: new AbortController().signal,
      onReadings: (next) => {
        const atNs = process.hrtime.bigint();
        readings = next;
        listener(next, atNs);
      },
    }),
  );
  const report = (kind: Report): Promise<unknown> =>
    unary(
      client.reportPresence.bind(client),
      { report: kind, ttlMs: 0n },
      { deadlineMs: CALL_MS_MAX },
    );
  const hear: WatchedSensors['hear'] = (fn) => {
    listener = fn;
  };
  return {
    pid: lull.pid,
    readings: () => readings,
    hear,
    pace: async (cadence) => {
      const { heartbeatMs, silentMs, edgesOnly } = cadences[cadence];
      watch.setCadence(heartbeatMs, silentMs, { edgesOnly });
      await pause(2_000);
    },
    measureAll: async () => {
      await unary(client.getState.bind(client), {}, { deadlineMs: CALL_MS_MAX });
    },
    edges: async (count) => {
      const latencies: number[] = [];
      let toldNs: bigint | undefined;
      hear((next, atNs) => {
        // The instant of the edge itself: what rides with it may have been seen long before.
        const edge = next.get('presence');
        const value = edge?.value;
        const isBack = value?.kind === 'presence' && value.presence.kind === 'engaged';
        if (edge === undefined || !isBack || edge.observedMonotonicNs === toldNs) return;
        toldNs = edge.observedMonotonicNs;
        latencies.push(Number(atNs - toldNs) / NS_PER_MS);
      });
      for (let edge = 0; edge < count; edge += 1) {
        await report(Report.AWAY);
        await pause(BETWEEN_EDGES_MS);
        await report(Report.ENGAGED);
        await pause(BETWEEN_EDGES_MS);
      }
      return latencies;
    },
  };
}
