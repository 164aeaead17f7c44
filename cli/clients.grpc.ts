// The CLI's connections to a running Lull.

import { join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { OperatorServiceClient } from '../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceClient } from '../proto/gen/lull/registry/v1/registry.js';
import { SensorServiceClient } from '../proto/gen/lull/sensor/v1/sensor.js';
import { dialUnix } from '../runtime/grpc.js';

/** What a command waits for an answer. */
export const CALL_MS_MAX = 10_000;

export async function withOperator<T>(
  runDir: string,
  fn: (operator: OperatorServiceClient) => Promise<T>,
): Promise<T> {
  return using(dialUnix(OperatorServiceClient, join(runDir, 'operator.sock')), fn);
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
