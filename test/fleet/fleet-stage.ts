// A fleet on a stage: a NATS server of its own, orchestrators as processes, and machines without a
// sandbox in this process.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLull, type RunningLull } from '../../harness/lull.spawn.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { startNatsServer, type NatsServerUnderTest } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { packFixture } from '../support/bundle.js';
import { stagePolicy, type PolicyChange } from '../support/policy.js';
import { createPublisherKey } from '../support/publisher-key.js';
import { startFleetHost, type FleetHost, type FleetHostOptions } from './fleet-host.nats.js';

const WAIT_MS_MAX = 90_000;
const LOOK_EVERY_MS = 20;
const log = createLog('fleet', 'silent');

export interface FleetStage {
  readonly server: NatsServerUnderTest;
  /** `lull up --only orchestrator` under this name. */
  orchestrator(name: string): Promise<RunningLull>;
  /** A machine over a connection of its own. */
  machine(
    options: Pick<FleetHostOptions, 'hostId'> & Partial<FleetHostOptions>,
  ): Promise<FleetHost>;
  /** Accepts a fixture for the whole fleet. */
  accept(by: RunningLull): Promise<void>;
  /** Looks until it holds. @throws when it does not in time */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

export async function openFleetStage(policy: PolicyChange = {}): Promise<FleetStage> {
  const directory = mkdtempSync(join(tmpdir(), 'lull-f-'));
  const policyFile = join(directory, 'policy.yaml');
  const keyFile = join(directory, 'publisher.pem');
  writeFileSync(policyFile, stagePolicy([createPublisherKey('lull', keyFile)], policy));
  const place = join(directory, 'nats');
  mkdirSync(place);
  const server = await startNatsServer({ directory: place });
  const running: RunningLull[] = [];
  const machines: FleetHost[] = [];
  const connections: Nats[] = [];
  return {
    server,
    orchestrator: async (name) => {
      const own = join(directory, name);
      mkdirSync(own);
      const env = { ...process.env, LULL_NATS: server.url.href, LULL_NAME: name };
      const args = ['--only', 'orchestrator'];
      const each = await startLull({ directory: own, policyFile, args, env });
      running.push(each);
      return each;
    },
    machine: async (options) => {
      const nats = await connectNats({ url: server.url, name: options.hostId, log });
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
      const file = await packFixture('program', {
        ...{ keyFiles: [keyFile], directory: bundle, manifest },
      });
      await by.command(['updaters', 'add', file, '--enable']);
    },
    until: async (what, holds) => {
      const giveUpAtMs = performance.now() + WAIT_MS_MAX;
      while (!(await holds())) {
        if (performance.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    close: async () => {
      await Promise.all(machines.map((each) => each.close()));
      await Promise.all(connections.map(async (each) => each.close()));
      await Promise.all(running.map((each) => each.stop()));
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the table of `lull fleet hosts --json` says. */
export async function hostsOf(
  by: RunningLull,
): Promise<
  readonly { readonly id: string; readonly attached: boolean; readonly partition: string }[]
> {
  const told = JSON.parse(await by.command(['--json', 'fleet', 'hosts'])) as {
    hosts: { id: string; attached: boolean; partition: string }[];
  };
  return told.hosts;
}
