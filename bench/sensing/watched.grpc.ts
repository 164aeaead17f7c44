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
import { DeadlineError, pause, within } from '../../runtime/deadline.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { openLull } from '../lull.spawn.js';
import { openLogin } from './login.spawn.js';

const CALL_MS_MAX = 10_000;
const BETWEEN_EDGES_MS = 5;
const SIGNAL_MS_MAX = 5_000;
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
  /**
   * Has logind signal that a person comes and goes.
   * @returns ms from each signal to this process; none where somebody is there in any case, or no bus.
   */
  signals(count: number): Promise<number[]>;
}

export async function startWatched(scratch: string, opened: CloseStack): Promise<WatchedSensors> {
  const directory = join(scratch, 's');
  mkdirSync(directory);
  const policyFile = join(directory, 'policy.yaml');
  writeFileSync(policyFile, '{}\n');
  const args = ['--only', 'sensor-service', '--log-level', 'warn', '--profile', 'desktop'];
  const login = await openLogin(directory, opened);
  const bus = login === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: login.address };
  const env = { ...process.env, ...bus };
  const lull = await openLull({ directory, policyFile, args, env }, opened);
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
    signals: async (count) => {
      if (login === undefined) return [];
      await report(Report.AUTO);
      let cameNs: ((atNs: bigint) => void) | undefined;
      hear((next, atNs) => {
        const value = next.get('presence')?.value;
        if (value?.kind === 'presence' && value.presence.kind === wanted) cameNs?.(atNs);
      });
      let wanted: 'away' | 'engaged' = 'away';
      const turn = async (to: 'idle' | 'active'): Promise<number> => {
        wanted = to === 'idle' ? 'away' : 'engaged';
        const came = new Promise<bigint>((resolve) => (cameNs = resolve));
        const signalledNs = await login.turn(to);
        return Number((await within(came, SIGNAL_MS_MAX, wanted)) - signalledNs) / NS_PER_MS;
      };
      const latencies: number[] = [];
      try {
        for (let edge = 0; edge < count; edge += 1) {
          await turn('idle');
          await pause(BETWEEN_EDGES_MS);
          latencies.push(await turn('active'));
          await pause(BETWEEN_EDGES_MS);
        }
      } catch (error) {
        // Somebody else is there (a terminal, a keyboard): logind alone does not decide here.
        if (!(error instanceof DeadlineError)) throw error;
      }
      return latencies;
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
