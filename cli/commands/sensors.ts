// Commands that ask the sensor-service alone, or tell it something.

import type { Reading } from '../../conditions/reading.js';
import { readingFromWire } from '../../proto/wire/reading.js';
import type { Inhibition } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withSensor } from '../clients.grpc.js';

const options = { deadlineMs: CALL_MS_MAX };

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
