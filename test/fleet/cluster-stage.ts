// A fleet before three NATS servers of one cluster, with a network of its own for each route between two of
// them: three copies of every stream, unless it begins with fewer, and every write synced.

import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager, StorageType, type StreamInfo } from '@nats-io/jetstream';
import { ABOUT_JETSTREAM } from '../../proto/permissions.js';
import { createLog } from '../../runtime/log.js';
import {
  freePort,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.tcp.js';
import type { PolicyChange } from '../support/policy.js';
import type { FleetHost } from './fleet-host.nats.js';
import { fleetDirectory, setStage, type FleetStage } from './fleet-stage.js';

export const SERVERS = 3;
const START_TRIES_MAX = 5;
/** Servers that do not find each other by then never do, which happens once in some fifty times. */
const READY_MS_MAX = 10_000;
/** Whoever asks a cluster that nobody leads is not answered, later either. */
const ANSWER_MS_MAX = 500;
const LOOK_EVERY_MS = 20;
/** Entries. While runs are on, a copy is hardly ever at the very end. */
const ON_ITS_WAY_MAX = 16;
const about = { timeout: ANSWER_MS_MAX, checkAPI: false } as const;
const log = createLog('stage', 'silent');

export interface ClusteredServer extends NatsServerUnderTest {
  readonly name: string;
  /** Cut off from the other servers, not from who is connected to it; and back. */
  cutOff(): void;
  rejoin(): void;
}

export interface ClusterStage extends FleetStage {
  readonly servers: readonly ClusteredServer[];
  /** What the first server, or another one if it is gone, says of a stream. Rejects while nobody leads it. */
  streamInfo(stream: string): Promise<StreamInfo>;
  /** Which of its copies are not there, or lack more than what is on its way; undefined: none. */
  lackOf(stream: string): Promise<string | undefined>;
  /** The server that leads a stream. */
  leaderOf(stream: string): Promise<ClusteredServer>;
  /** All of them, as a person names them. */
  readonly urls: string;
  /** The one without which nobody says where anything is, until others agree on the next. */
  metaLeader(): Promise<ClusteredServer>;
  server(index: number): ClusteredServer;
  /** So many, as many on each server, which tells them of the others. */
  machines(count: number, runMs: number): Promise<FleetHost[]>;
  machineOn(server: number, index: number, runMs: number): Promise<FleetHost>;
  /** Of an orchestrator that may not be up yet. */
  logOf(name: string): { readonly logFile: string };
}

/** Of what a server says of itself: who leads all of them, if anybody does. */
interface AboutJetStream {
  readonly data: { readonly meta_cluster?: { readonly leader?: string } };
}

/** @param copies that orchestrators ask for of what they make. */
export async function openClusterStage(
  policy: PolicyChange = {},
  copies = SERVERS,
): Promise<ClusterStage> {
  const directory = fleetDirectory();
  const cluster = await startCluster(directory);
  const { servers } = cluster;
  const [{ url }, ...others] = servers;
  const hostOf = (each: ClusteredServer): string => each.url.host;
  const place = { url, alsoAt: others.map(hostOf) };
  const args = ['--journal-copies', String(copies)];
  const stage = setStage({ directory, policy, server: place, args });
  let asking: Promise<Nats> | undefined;
  // Not of the last one, which a test cuts off: a server that is alone still answers, and knows nothing.
  const ask = async (): Promise<Nats['connection']> => {
    asking ??= connectNats({ url, alsoAt: others.slice(0, -1).map(hostOf), name: 'stage', log });
    asking.catch(() => (asking = undefined)); // Asked again, then.
    return (await asking).connection;
  };
  const streamInfo = async (stream: string): Promise<StreamInfo> => {
    const jsm = await jetstreamManager(await ask(), about);
    return jsm.streams.info(stream);
  };
  const named = (name: string | undefined, what: string): ClusteredServer => {
    const found = servers.find((each) => each.name === name);
    if (found === undefined) throw new Error(`nobody leads ${what}`);
    return found;
  };
  const server = (index: number): ClusteredServer => {
    const found = servers[index];
    if (found === undefined) throw new Error(`there is no server ${String(index)}`);
    return found;
  };
  const machineOn = (on: number, index: number, runMs: number): Promise<FleetHost> =>
    stage.machine({ hostId: `machine-${String(index)}`, runMs }, { url: server(on).url });
  return {
    ...stage,
    servers,
    urls: servers.map((each) => each.url.href).join(','),
    streamInfo,
    lackOf: async (stream) => {
      const copies = (await streamInfo(stream)).cluster?.replicas ?? [];
      const behind = copies.filter(
        ({ current, offline, lag }) => offline || (!current && lag > ON_ITS_WAY_MAX),
      );
      if (behind.length === 0 && copies.length === SERVERS - 1) return undefined;
      return `${stream}: ${JSON.stringify(copies)}`;
    },
    leaderOf: async (stream) => named((await streamInfo(stream)).cluster?.leader, stream),
    metaLeader: async () => {
      const answer = await (await ask()).request(ABOUT_JETSTREAM, '', about);
      return named(answer.json<AboutJetStream>().data.meta_cluster?.leader, 'the servers');
    },
    server,
    machineOn,
    machines: (count, runMs) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => machineOn(index % SERVERS, index, runMs)),
      ),
    logOf: (name) => ({ logFile: join(directory, name, 'lull.log') }),
    close: async () => {
      for (const each of servers) each.rejoin();
      await (await asking)?.close();
      await stage.leave();
      await cluster.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves when the servers have found each other, and streams can be made through this one. */
async function whenReady({ url }: ClusteredServer): Promise<void> {
  const nats = await connectNats({ url, name: 'stage', log });
  try {
    const asked = { withinMs: READY_MS_MAX, everyMs: LOOK_EVERY_MS };
    await until('the servers are a cluster', () => answers(nats), asked);
  } finally {
    await nats.close();
  }
}

async function answers({ connection }: Nats): Promise<boolean> {
  try {
    const jsm = await jetstreamManager(connection, about);
    const copied = { storage: StorageType.Memory, num_replicas: SERVERS };
    await jsm.streams.add({ ...copied, name: 'READY', subjects: ['ready'] });
    return await jsm.streams.delete('READY');
  } catch {
    return false; // Not yet.
  }
}

/** By who dials, and whom. */
interface Route {
  readonly from: number;
  readonly to: number;
  readonly network: FaultProxy;
}

interface Cluster extends Closeable {
  readonly servers: readonly [ClusteredServer, ...ClusteredServer[]];
}

/** Somebody else may take a port that was free a moment ago. */
async function startCluster(directory: string): Promise<Cluster> {
  for (let tries = 1; ; tries += 1) {
    let cluster: Cluster | undefined;
    try {
      cluster = await tryToStart(join(directory, `cluster-${String(tries)}`));
      for (const each of cluster.servers) await whenReady(each);
      return cluster;
    } catch (error) {
      await cluster?.close();
      if (tries === START_TRIES_MAX) throw error;
    }
  }
}

async function tryToStart(directory: string): Promise<Cluster> {
  const each = [...Array(SERVERS).keys()];
  const ports = await Promise.all(each.map(freePort));
  const routes: Route[] = [];
  for (const from of each) {
    const to = (from + 1) % SERVERS; // In a ring, so that no two dial each other at once.
    const url = new URL(`nats://127.0.0.1:${String(ports[to])}`);
    routes.push({ from, to, network: await startFaultProxy(url) });
  }
  const become = (index: number, fault: Fault): void => {
    for (const { from, to, network } of routes) {
      if (from === index || to === index) network.become(fault);
    }
  };
  const starting = await Promise.allSettled(
    each.map((index) => {
      const name = `server-${String(index)}`;
      const own = join(directory, name);
      mkdirSync(own, { recursive: true });
      const mine = routes.filter(({ from }) => from === index).map(({ network }) => network.url);
      const cluster = { name, port: ports[index] ?? 0, routes: mine };
      return startNatsServer({ directory: own, cluster });
    }),
  );
  const started = starting.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.close()));
    await Promise.all(routes.map(({ network }) => network.close()));
  };
  const failed = starting.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const clustered = started.map((server, index): ClusteredServer => ({
    ...server,
    name: `server-${String(index)}`,
    cutOff: () => {
      become(index, { kind: 'cut' });
    },
    rejoin: () => {
      become(index, { kind: 'none' });
    },
  }));
  return {
    servers: clustered as unknown as Cluster['servers'],
    close,
  };
}
