// lull record: what the sensors say, written down until it is stopped.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TRACE_ROWS_MAX } from '../../conditions/trace.js';
import { watchSensor, type SensorWatch } from '../../proto/watch/sensor.grpc.js';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { CommandError } from '../failure.js';
import { askSensors } from './sensors.js';
import { traceRows } from './trace-rows.js';

const HEARTBEAT_MS = 10_000;
const SILENT_MS = 25_000;
/** How often it looks whether the machine has slept. */
const LOOK_EVERY_MS = 5_000;

interface Recorded {
  readonly rowCount: number;
  /** `full`: a trace takes no more rows. */
  readonly ended: 'stopped' | 'full';
}

/** Writes what the sensors say to `file`, until `signal` is aborted or the trace is full. */
export async function record(
  runDir: string,
  file: string,
  signal: AbortSignal,
  { clock = systemClock, rowsMax = TRACE_ROWS_MAX }: { clock?: Clock; rowsMax?: number } = {},
): Promise<Recorded> {
  await askSensors(runDir); // A Lull that does not answer is told before a file is made.
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CommandError(`${file} is there already, and stays as it is: name a new file`);
    }
    throw new CommandError(`${file} cannot be written: ${(error as Error).message}`);
  }
  const utcOffsetMs = -new Date(clock.now().wallMs).getTimezoneOffset() * 60_000;
  const rows = traceRows(clock.now(), utcOffsetMs, (row) => writeSync(fd, row), rowsMax);
  let watch: SensorWatch | undefined;
  let cancelLook = (): void => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
    const attempt = (write: () => void): void => {
      try {
        write();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
      if (rows.isFull()) resolve();
    };
    const look = (): void => {
      cancelLook = clock.after(LOOK_EVERY_MS, () => {
        attempt(() => {
          rows.passed(clock.now());
        });
        look();
      });
    };
    look();
    watch = watchSensor({
      socketPath: join(runDir, 'sensor.sock'),
      heartbeatMs: HEARTBEAT_MS,
      silentAfterMs: SILENT_MS,
      clock,
      signal,
      onReadings: (readings) => {
        attempt(() => {
          rows.see(readings, clock.now());
        });
      },
    });
  });
  try {
    await stopped;
    rows.end(clock.now());
    return { rowCount: rows.count(), ended: rows.isFull() ? 'full' : 'stopped' };
  } finally {
    cancelLook();
    watch?.close();
    closeSync(fd);
  }
}
