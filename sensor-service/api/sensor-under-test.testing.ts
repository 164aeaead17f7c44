// A sensor-service on a fake machine, and a plain client of it. Nothing outside tests imports it.

import { join } from 'node:path';
import type { Presence, Readings } from '../../conditions/reading.js';
import {
  ReportPresenceRequest_Report as Report,
  SensorServiceClient,
  type WatchStateResponse,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { applyReadings } from '../../proto/wire/reading.js';
import type { Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { startSensorService, type SensorService, type SensorSettings } from '../main.js';
import { createFakeMachine, type FakeMachine } from '../probe/fake-machine.testing.js';

export { Report };

const log = createLog('sensor', 'silent');
/** A bound for what is broken; a machine that is merely busy takes less. */
const ANSWER_MS_MAX = 20_000;

export interface SensorUnderTest extends Closeable {
  readonly machine: FakeMachine;
  readonly service: SensorService;
  readonly client: SensorServiceClient;
  /** Stops the service alone and starts it anew on the same socket. */
  restart(): Promise<void>;
  report(report: Report, ttlMs?: number): Promise<void>;
  close(): Promise<void>;
}

export async function startSensorUnderTest(
  clock: Clock,
  more: Partial<SensorSettings> = {},
): Promise<SensorUnderTest> {
  const closers = new CloseStack(log);
  const machine = closers.add('machine', createFakeMachine());
  const { procRoot, sysRoot, dir: root } = machine;
  const settings = {
    runDir: join(root, 'run'),
    diskPaths: ['/'],
    procRoot,
    sysRoot,
    root,
    ...more,
  };
  const start = (): Promise<SensorService> => startSensorService(settings, { clock, log });
  let service = await start();
  closers.add('service', { close: () => service.close() });
  const client = dialUnix(SensorServiceClient, service.socketPath);
  closers.add('client', client);
  return {
    machine,
    client,
    get service() {
      return service;
    },
    restart: async () => {
      await service.close();
      service = await start();
    },
    report: async (report, ttlMs = 0) => {
      const request = { report, ttlMs: BigInt(ttlMs) };
      await unary(client.reportPresence.bind(client), request, { deadlineMs: ANSWER_MS_MAX });
    },
    close: () => closers.close(),
  };
}

/** The messages of one plain WatchState stream, in order. */
export interface Watched extends Closeable {
  readonly received: WatchStateResponse[];
  /** The next message not taken yet. */
  next(): Promise<WatchStateResponse>;
  close(): void;
}

export function watchPlainly(client: SensorServiceClient, heartbeatMs = 60_000): Watched {
  const call = client.watchState({ heartbeatMs, edgesOnly: false, apps: [], diskPaths: [] });
  const received: WatchStateResponse[] = [];
  let taken = 0;
  let wake: () => void = () => undefined;
  call.on('data', (message: WatchStateResponse) => {
    received.push(message);
    wake();
  });
  call.on('error', () => undefined);
  return {
    received,
    next: async () => {
      for (;;) {
        const message = received[taken];
        if (message !== undefined) {
          taken += 1;
          return message;
        }
        const more = new Promise<void>((resolve) => (wake = resolve));
        await within(more, ANSWER_MS_MAX, 'the next message');
      }
    },
    close: () => {
      call.cancel();
    },
  };
}

export interface FollowedPresence {
  /** Reads on until presence is of this kind. @returns it. */
  until(kind: 'engaged' | 'away'): Promise<Presence>;
}

export function followPresence(watch: Watched): FollowedPresence {
  let readings: Readings = new Map();
  return {
    until: async (kind) => {
      for (;;) {
        const value = readings.get('presence')?.value;
        if (value?.kind === 'presence' && value.presence.kind === kind) return value.presence;
        readings = applyReadings(readings, await watch.next());
      }
    },
  };
}
