// The sensor-service: measures the machine and tells whoever watches. It never decides.
//
//   probe/ (reads) → reading/ (parses) → sampling/ (when, and the latest) → api/ (tells)

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SensorServiceService } from '../proto/gen/lull/sensor/v1/sensor.js';
import type { Clock } from '../runtime/clock.js';
import { serveUnix } from '../runtime/grpc.js';
import type { Log } from '../runtime/log.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createSensorApi } from './api/sensor.grpc.js';
import { startSensing, type Sensed } from './sensing.loop.js';

const SOCKET_NAME = 'sensor.sock';

export interface SensorSettings extends Sensed {
  /** Where the socket goes; made if it is missing. */
  readonly runDir: string;
}

export interface SensorService extends Closeable {
  readonly socketPath: string;
  close(): Promise<void>;
}

/** @throws SocketInUseError when another sensor-service answers there. */
export async function startSensorService(
  settings: SensorSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<SensorService> {
  mkdirSync(settings.runDir, { recursive: true, mode: 0o700 });
  const opened = new CloseStack(log);
  try {
    const api = createSensorApi({ clock, log, ...startSensing(settings, { clock, log, opened }) });
    const listener = await serveUnix({
      path: join(settings.runDir, SOCKET_NAME),
      mode: 0o600,
      log,
      register: (server) => {
        server.addService(SensorServiceService, api.handlers);
      },
    });
    opened.add('socket', listener);
    // Streams end before the socket closes; otherwise it would wait for them.
    opened.add('watchers', api);
    return { socketPath: listener.path, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
