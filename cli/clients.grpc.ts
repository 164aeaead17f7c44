// The CLI's connections to a running Lull.

import { join } from 'node:path';
import { InterceptingCall, type Client, type Interceptor } from '@grpc/grpc-js';
import { FleetServiceClient } from '../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceClient } from '../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceClient } from '../proto/gen/lull/registry/v1/registry.js';
import { SensorServiceClient } from '../proto/gen/lull/sensor/v1/sensor.js';
import { HOST_KEY } from '../proto/wire/about.js';
import { dialUnix, type ClientClass } from '../runtime/grpc.js';
import { dialTcp } from '../runtime/tcp.grpc.js';

/** What a command waits for an answer. */
export const CALL_MS_MAX = 10_000;

/** An orchestrator that is called over TCP. */
export interface RemoteOrchestrator {
  /** "host:port" */
  readonly address: string;
  /** With ca.pem, cert.pem and key.pem, as `lull keys` made them. */
  readonly tlsDir: string;
}

/** On this machine. */
interface LocalOrchestrator {
  readonly runDir: string;
}

/** Whom to ask, and about which machine of a fleet; without one: about all, or the only one. */
export type OrchestratorAt = (LocalOrchestrator | RemoteOrchestrator) & {
  readonly hostId?: string;
};

export async function withOperator<T>(
  at: OrchestratorAt,
  fn: (operator: OperatorServiceClient) => Promise<T>,
): Promise<T> {
  return using(dial(OperatorServiceClient, at), fn);
}

export async function withFleet<T>(
  at: OrchestratorAt,
  fn: (fleet: FleetServiceClient) => Promise<T>,
): Promise<T> {
  return using(dial(FleetServiceClient, at), fn);
}

export async function withRegistry<T>(
  at: OrchestratorAt,
  fn: (registry: RegistryServiceClient) => Promise<T>,
): Promise<T> {
  return using(dial(RegistryServiceClient, at), fn);
}

export async function withSensor<T>(
  runDir: string,
  fn: (sensor: SensorServiceClient) => Promise<T>,
): Promise<T> {
  return using(dialUnix(SensorServiceClient, join(runDir, 'sensor.sock')), fn);
}

function dial<C extends Client>(service: ClientClass<C>, at: OrchestratorAt): C {
  const also = at.hostId === undefined ? [] : [aboutHost(at.hostId)];
  if ('runDir' in at) return dialUnix(service, join(at.runDir, 'operator.sock'), also);
  const { address, tlsDir: directory } = at;
  return dialTcp(service, { address, directory, serverUrn: 'urn:lull:orchestrator:', also });
}

/** Each call says which machine it is about: a command that forgot would be an order for all of them. */
function aboutHost(hostId: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => {
        metadata.set(HOST_KEY, hostId);
        next(metadata, listener);
      },
    });
}

async function using<C extends Client, T>(client: C, fn: (client: C) => Promise<T>): Promise<T> {
  try {
    return await fn(client);
  } finally {
    client.close();
  }
}
