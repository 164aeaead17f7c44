// The CLI's connections to a running Lull.

import { join } from 'node:path';
import { Metadata, type Client } from '@grpc/grpc-js';
import { FleetServiceClient } from '../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceClient } from '../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceClient } from '../proto/gen/lull/registry/v1/registry.js';
import { SensorServiceClient } from '../proto/gen/lull/sensor/v1/sensor.js';
import { dialUnix } from '../runtime/grpc.js';

/** Which machine of a fleet a call is about; the metadata's key. */
const HOST_KEY = 'lull-host';

/** The machine of a fleet that commands are about, by their --host. */
let about: string | undefined;

export function aboutHost(hostId: string | undefined): void {
  about = hostId;
}

/** For each call that is about a machine, or about all of them. */
export function callMetadata(): Metadata {
  const metadata = new Metadata();
  if (about !== undefined) metadata.set(HOST_KEY, about);
  return metadata;
}

/** What a command waits for an answer. */
export const CALL_MS_MAX = 10_000;

export async function withOperator<T>(
  runDir: string,
  fn: (operator: OperatorServiceClient) => Promise<T>,
): Promise<T> {
  return using(dialUnix(OperatorServiceClient, join(runDir, 'operator.sock')), fn);
}

export async function withFleet<T>(
  runDir: string,
  fn: (fleet: FleetServiceClient) => Promise<T>,
): Promise<T> {
  return using(dialUnix(FleetServiceClient, join(runDir, 'operator.sock')), fn);
}

export async function withRegistry<T>(
  runDir: string,
  fn: (registry: RegistryServiceClient) => Promise<T>,
): Promise<T> {
  return using(dialUnix(RegistryServiceClient, join(runDir, 'operator.sock')), fn);
}

export async function withSensor<T>(
  runDir: string,
  fn: (sensor: SensorServiceClient) => Promise<T>,
): Promise<T> {
  return using(dialUnix(SensorServiceClient, join(runDir, 'sensor.sock')), fn);
}

async function using<C extends Client, T>(client: C, fn: (client: C) => Promise<T>): Promise<T> {
  try {
    return await fn(client);
  } finally {
    client.close();
  }
}
