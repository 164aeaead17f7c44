// What brings messages between the services of a stage: nothing but this machine, or a NATS server of its
// own, where every machine is one of a fleet. The same situations are tried with both.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, type NatsServerUnderTest } from '../../runtime/nats-server.testing.js';
import { startFaultProxy, type FaultProxy } from './fault-proxy.tcp.js';

export interface CarrierUnderTest {
  /** For every `lull` of the stage. */
  readonly env: Readonly<Record<string, string>>;
  readonly open: () => Promise<void>;
  /** A network of its own before the server, which goes wrong when a test says so. */
  readonly network: () => Promise<FaultProxy>;
  close(): Promise<void>;
}

const isFleetByDefault = process.env['LULL_TEST_CARRIER'] === 'nats';

export const MACHINE = 'machine-1';

export function carrierUnderTest(isFleet = isFleetByDefault): CarrierUnderTest {
  const env: Record<string, string> = {};
  let directory: string | undefined;
  let server: NatsServerUnderTest | undefined;
  const networks: FaultProxy[] = [];
  async function open(): Promise<void> {
    if (!isFleet || server !== undefined) return;
    directory = mkdtempSync(join(tmpdir(), 'lull-n-'));
    server = await startNatsServer({ directory });
    Object.assign(env, {
      LULL_NATS: server.url.href,
      LULL_HOST_ID: MACHINE,
      LULL_HOST: MACHINE,
      LULL_NAME: 'orchestrator-1',
    });
  }
  return {
    env,
    open,
    network: async () => {
      await open();
      if (server === undefined) throw new Error('there is no fleet here');
      const network = await startFaultProxy(server.url);
      networks.push(network);
      return network;
    },
    close: async () => {
      await Promise.all(networks.map((each) => each.close()));
      await server?.close();
      if (directory !== undefined) await rm(directory, { recursive: true });
    },
  };
}
