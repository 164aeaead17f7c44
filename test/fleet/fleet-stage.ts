// A fleet on a stage: a NATS server of its own, orchestrators as processes, and machines without a
// sandbox in this process.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLull, type RunningLull } from '../../harness/lull.spawn.js';
import { OperatorServiceClient } from '../../proto/gen/lull/operator/v1/operator.js';
import { systemClock } from '../../runtime/clock.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import {
  startNatsServer,
  type NatsServerSettings,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import { packFixture } from '../support/bundle.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.tcp.js';
import { stagePolicy, type PolicyChange } from '../support/policy.js';
import { createPublisherKey } from '../support/publisher-key.js';
import { startFleetHost, type FleetHost, type FleetHostOptions } from './fleet-host.nats.js';

const WAIT_MS_MAX = 180_000;
const LOOK_EVERY_MS = 20;
const log = createLog('fleet', 'silent');

export interface FleetStage {
  readonly server: NatsServerUnderTest;
  /** Where the server keeps its streams. */
  readonly storeDir: string;
  /** A network of its own before the server. */
  network(): Promise<FaultProxy>;
  /** `lull up --only orchestrator` under this name, and again under it: with the state that it had. */
  orchestrator(name: string, network?: Pick<FaultProxy, 'url'>): Promise<RunningLull>;
  /** A machine over a connection of its own. */
  machine(
    options: Pick<FleetHostOptions, 'hostId'> & Partial<FleetHostOptions>,
    network?: Pick<FaultProxy, 'url'>,
  ): Promise<FleetHost>;
  /** Accepts a fixture for the whole fleet. */
  accept(by: RunningLull): Promise<void>;
  /** Adds once more what was accepted, and accepts nothing anew. */
  addAgain(by: RunningLull): Promise<void>;
  /** Stops everything everywhere. @returns when that was ordered, on this process's monotonic clock. */
  halt(by: RunningLull): Promise<number>;
  /** Looks until it holds. @throws when it does not in time */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

export async function openFleetStage(
  policy: PolicyChange = {},
  settings: Pick<NatsServerSettings, 'storeBytesMax'> = {},
): Promise<FleetStage> {
  const directory = mkdtempSync(join(tmpdir(), 'lull-f-'));
  const policyFile = join(directory, 'policy.yaml');
  const keyFile = join(directory, 'publisher.pem');
  writeFileSync(policyFile, stagePolicy([createPublisherKey('lull', keyFile)], policy));
  const place = join(directory, 'nats');
  mkdirSync(place);
  const server = await startNatsServer({ directory: place, ...settings });
  const running: RunningLull[] = [];
  const machines: FleetHost[] = [];
  const connections: Nats[] = [];
  const networks: FaultProxy[] = [];
  let packed = '';
  return {
    server,
    storeDir: join(place, 'js'),
    network: async () => {
      const each = await startFaultProxy(server.url);
      networks.push(each);
      return each;
    },
    orchestrator: async (name, { url } = server) => {
      const own = join(directory, name);
      mkdirSync(own, { recursive: true });
      const env = { ...process.env, LULL_NATS: url.href, LULL_NAME: name };
      const args = ['--only', 'orchestrator'];
      const each = await startLull({ directory: own, policyFile, args, env });
      running.push(each);
      return each;
    },
    machine: async (options, { url } = server) => {
      const nats = await connectNats({ url, name: options.hostId, log });
      connections.push(nats);
      const each = startFleetHost({
        ...{ nats, updates: ['update'], runMs: 300, clock: systemClock, log },
        ...options,
      });
      machines.push(each);
      return each;
    },
    accept: async (by) => {
      const bundle = join(directory, 'bundle');
      mkdirSync(bundle);
      const manifest = { settings: [], install_roots: [], actions: ['download', 'install'] };
      packed = await packFixture('program', {
        ...{ keyFiles: [keyFile], directory: bundle, manifest },
      });
      await by.command(['updaters', 'add', packed, '--enable']);
    },
    addAgain: async (by) => {
      await by.command(['updaters', 'add', packed]);
    },
    halt: async ({ runDir }) => {
      const operator = dialUnix(OperatorServiceClient, join(runDir, 'operator.sock'));
      const orderedAtMs = systemClock.now().monotonicMs;
      const order = { why: 'a test', forMs: 3_600_000n };
      await unary(operator.tripSwitch.bind(operator), order, { deadlineMs: WAIT_MS_MAX });
      operator.close();
      return orderedAtMs;
    },
    until: async (what, holds) => {
      await until(what, holds, { withinMs: WAIT_MS_MAX, everyMs: LOOK_EVERY_MS });
    },
    close: async () => {
      for (const each of networks) each.become({ kind: 'none' });
      await Promise.all(machines.map((each) => each.close()));
      await Promise.all(connections.map(async (each) => each.close()));
      await Promise.all(running.map((each) => each.stop()));
      await Promise.all(networks.map((each) => each.close()));
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
