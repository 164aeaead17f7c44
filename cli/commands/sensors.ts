// Commands that ask the sensor-service alone, or tell it something.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readingKey, type Reading } from '../../conditions/reading.js';
import { TRACE_HEAD, TRACE_ROWS_MAX, traceRow } from '../../conditions/trace.js';
import { watchSensor, type SensorWatch } from '../../proto/watch/sensor.grpc.js';
import { readingFromWire } from '../../proto/wire/reading.js';
import type { Inhibition } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { systemClock } from '../../runtime/clock.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withSensor } from '../clients.grpc.js';
import { CommandError } from '../failure.js';

const options = { deadlineMs: CALL_MS_MAX };
const HEARTBEAT_MS = 10_000;
const SILENT_MS = 25_000;

/** Every reading as it is now, shares of time too. */
export async function askSensors(runDir: string): Promise<Reading[]> {
  return withSensor(runDir, async (sensor) => {
    const { readings } = await unary(sensor.getState.bind(sensor), {}, options);
    return readings.flatMap((wire) => readingFromWire(wire) ?? []);
  });
}

export async function inhibit(
  runDir: string,
  asked: { readonly owner: string; readonly reason: string; readonly forMs: number },
): Promise<Inhibition[]> {
  return withSensor(runDir, async (sensor) => {
    const request = { owner: asked.owner, reason: asked.reason, ttlMs: BigInt(asked.forMs) };
    const { inhibition } = await unary(sensor.inhibit.bind(sensor), request, options);
    return inhibition === undefined ? [] : [inhibition];
  });
}

export async function releaseInhibition(runDir: string, id: string): Promise<boolean> {
  return withSensor(runDir, async (sensor) => {
    const answer = await unary(sensor.releaseInhibition.bind(sensor), { id }, options);
    return answer.released;
  });
}

export async function listInhibitions(runDir: string): Promise<Inhibition[]> {
  return withSensor(runDir, async (sensor) => {
    const { inhibitions } = await unary(sensor.listInhibitions.bind(sensor), {}, options);
    return inhibitions;
  });
}

/** Writes what the sensors say to `file`, until `signal` is aborted. @returns how many rows. */
export async function record(runDir: string, file: string, signal: AbortSignal): Promise<number> {
  await askSensors(runDir); // A Lull that does not answer is told before a file is made.
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${(error as Error).message}`);
  }
  writeSync(fd, TRACE_HEAD);
  const startMs = Date.now();
  const told = new Map<string, string>();
  let rowCount = 0;
  let lastMs = startMs;
  let watch: SensorWatch | undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
    watch = watchSensor({
      socketPath: join(runDir, 'sensor.sock'),
      heartbeatMs: HEARTBEAT_MS,
      silentAfterMs: SILENT_MS,
      clock: systemClock,
      signal,
      onReadings: (readings) => {
        try {
          for (const reading of readings.values()) write(reading);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        if (rowCount >= TRACE_ROWS_MAX) resolve();
      },
    });
  });

  function write(reading: Reading): void {
    const key = readingKey(reading.signal, reading.instance);
    const text = JSON.stringify(reading.value);
    if (told.get(key) === text || rowCount >= TRACE_ROWS_MAX) return;
    told.set(key, text);
    // Sources see things at their own instants; in a trace time does not run backwards.
    lastMs = Math.max(lastMs, reading.observedAtMs);
    const row = traceRow({ ...reading, observedAtMs: lastMs }, startMs);
    if (row === undefined) return;
    writeSync(fd, row);
    rowCount += 1;
  }

  try {
    await stopped;
    return rowCount;
  } finally {
    watch?.close();
    closeSync(fd);
  }
}
