// A fleet on a stage: a NATS server of its own, or several of a cluster, orchestrators as processes, and
// machines without a sandbox in this process.

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
import { connectNats, type Nats, type NatsOptions } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import { packFixture, type BundleOptions } from '../support/bundle.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.tcp.js';
import { stagePolicy, type PolicyChange } from '../support/policy.js';
import { createPublisherKey } from '../support/publisher-key.js';
import { howItStands } from './how-it-stands.js';
import { startFleetHost, type FleetHost, type FleetHostOptions } from './fleet-host.nats.js';

const WAIT_MS_MAX = 180_000;
const LOOK_EVERY_MS = 20;
const log = createLog('fleet', 'silent');

/** How the fleet's server is reached; the first of several. */
export type ServerPlace = Pick<NatsOptions, 'url' | 'alsoAt'>;

export interface FleetStage {
  /** `lull up --only orchestrator` under this name, and again under it: with the state that it had. */
  orchestrator(name: string, at?: ServerPlace): Promise<RunningLull>;
  /** A machine over a connection of its own. */
  machine(
    options: Pick<FleetHostOptions, 'hostId'> & Partial<FleetHostOptions>,
    at?: ServerPlace,
  ): Promise<FleetHost>;
  /** A signed bundle of a fixture. @returns the path of the .lull file. */
  bundle(options?: Pick<BundleOptions, 'id' | 'manifest'>): Promise<string>;
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

export interface OneServerStage extends FleetStage {
  readonly server: NatsServerUnderTest;
  /** Where the server keeps its streams. */
  readonly storeDir: string;
  /** A network of its own before the server. */
  network(): Promise<FaultProxy>;
}

export async function openFleetStage(
  policy: PolicyChange = {},
  settings: Pick<NatsServerSettings, 'storeBytesMax'> = {},
): Promise<OneServerStage> {
  const directory = fleetDirectory();
  const place = join(directory, 'nats');
  mkdirSync(place);
  const server = await startNatsServer({ directory: place, ...settings }).catch(
    async (error: unknown) => {
      await rm(directory, { recursive: true, force: true });
      throw error;
    },
  );
  const networks: FaultProxy[] = [];
  const stage = setStage({ directory, policy, server });
  return {
    ...stage,
    server,
    storeDir: join(place, 'js'),
    network: async () => {
      const each = await startFaultProxy(server.url);
      networks.push(each);
      return each;
    },
    close: async () => {
      for (const each of networks) each.become({ kind: 'none' });
      await stage.leave();
      await Promise.all(networks.map((each) => each.close()));
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** For everything of one fleet; short, because sockets lie below it. */
export function fleetDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'lull-f-'));
}

/** What happens before a server, or several, that are there. `leave` ends that, and nothing of theirs. */
export function setStage(setting: {
  readonly directory: string;
  readonly policy: PolicyChange;
  readonly server: ServerPlace;
  /** More for `lull up` of an orchestrator. */
  readonly args?: readonly string[];
}): Omit<FleetStage, 'close'> & { leave(): Promise<void> } {
  const { directory, policy, server, args: more = [] } = setting;
  const policyFile = join(directory, 'policy.yaml');
  const keyFile = join(directory, 'publisher.pem');
  writeFileSync(policyFile, stagePolicy([createPublisherKey('lull', keyFile)], policy));
  const running: RunningLull[] = [];
  const machines: FleetHost[] = [];
  const connections: Nats[] = [];
  let packed = '';
  const bundle: FleetStage['bundle'] = ({ id, manifest } = {}) => {
    const own = mkdtempSync(join(directory, 'bundle-'));
    return packFixture('program', {
      ...(id === undefined ? {} : { id }),
      ...{ keyFiles: [keyFile], directory: own },
      manifest: { settings: [], install_roots: [], actions: ['download', 'install'], ...manifest },
    });
  };
  return {
    orchestrator: async (name, { url, alsoAt = [] } = server) => {
      const own = join(directory, name);
      mkdirSync(own, { recursive: true });
      const servers = [url.href, ...alsoAt.map((each) => `${url.protocol}//${each}`)].join(',');
      const env = { ...process.env, LULL_NATS: servers, LULL_NAME: name };
      const args = ['--only', 'orchestrator', ...more];
      const each = await startLull({ directory: own, policyFile, args, env });
      running.push(each);
      return each;
    },
    machine: async (options, { url, alsoAt = [] } = server) => {
      const nats = await connectNats({ url, alsoAt, name: options.hostId, log });
      connections.push(nats);
      const each = startFleetHost({
        ...{ nats, updates: ['update'], runMs: 300, clock: systemClock, log },
        ...options,
      });
      machines.push(each);
      return each;
    },
    bundle,
    accept: async (by) => {
      packed = await bundle();
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
      try {
        await until(what, holds, { withinMs: WAIT_MS_MAX, everyMs: LOOK_EVERY_MS });
      } catch (error) {
        const words = `${(error as Error).message}\n${howItStands(machines, running)}`;
        throw new Error(words, { cause: error });
      }
    },
    leave: async () => {
      await Promise.all(machines.map((each) => each.close()));
      await Promise.all(connections.map(async (each) => each.close()));
      await Promise.all(running.map((each) => each.stop()));
    },
  };
}
