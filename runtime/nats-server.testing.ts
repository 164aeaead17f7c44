// A real nats-server on a port and in a directory of its own, for tests and benchmarks.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause, within } from './deadline.js';
import { endWithUs } from './ends-with-us.spawn.js';

const START_MS_MAX = 20_000;
const LOOK_EVERY_MS = 20;
/** Where set-up unpacks one. */
const unpacked = fileURLToPath(new URL('../tools/nats-server', import.meta.url));

export interface NatsServerUnderTest {
  /** For Lull: its account may see whether the server syncs, unless told otherwise. */
  readonly url: URL;
  /** kill -9, as a crash; nothing is written any more. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with what it has. */
  start(): Promise<void>;
  /** Makes it read its configuration again. */
  reload(): void;
  close(): Promise<void>;
}

/** Where one of a cluster is among the others. */
export interface ClusterPlace {
  /** Of this server; no other one has it. */
  readonly name: string;
  /** Where the others come in. */
  readonly port: number;
  /** Where the others are, as it reaches them. */
  readonly routes: readonly URL[];
}

export interface NatsServerSettings {
  /** For its files and its log. */
  readonly directory: string;
  /** Where it keeps its streams; absent: in its directory. */
  readonly storeDir?: string;
  readonly syncAlways?: boolean;
  /** Whether Lull's account is shown the server's settings. */
  readonly shown?: boolean;
  /** How much JetStream may keep, bytes. */
  readonly storeBytesMax?: number;
  /** One of several; absent: a server by itself. */
  readonly cluster?: ClusterPlace;
  /** A configuration instead of the one that these settings make: writes it, and says where it is. */
  readonly configure?: (port: number) => Promise<string>;
}

/** The program, or undefined where there is none that is new enough. */
export const natsServerProgram: string | undefined = [
  process.env['NATS_SERVER'],
  unpacked,
  '/usr/sbin/nats-server',
  '/usr/local/bin/nats-server',
].find((path) => path !== undefined && existsSync(path) && canSyncAlways(path));

export async function startNatsServer(settings: NatsServerSettings): Promise<NatsServerUnderTest> {
  const program = natsServerProgram;
  if (program === undefined) throw new Error('there is no nats-server 2.10 or newer here');
  const { directory } = settings;
  const port = await freePort();
  const url = new URL(`nats://lull:lull@127.0.0.1:${String(port)}`);
  const file = (await settings.configure?.(port)) ?? join(directory, 'nats.conf');
  if (settings.configure === undefined) writeFileSync(file, configuration(settings, port));
  let child: ChildProcess | undefined;
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying?.exitCode !== null || dying.signalCode !== null) return;
    const exited = once(dying, 'exit');
    dying.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    // In a session of its own: a Ctrl-C finds whoever uses it, and they take their leave of it first.
    const options = { stdio: 'ignore', detached: true } as const;
    child = spawn(program, ['-c', file, '-l', join(directory, 'nats.log')], options);
    endWithUs(child);
    await within(answering(port, child), START_MS_MAX, `nats-server, see ${directory}/nats.log,`);
  };
  const reload = (): void => {
    child?.kill('SIGHUP');
  };
  const ends = { kill: () => kill('SIGKILL'), close: () => kill('SIGTERM') };
  const server = { url, start, reload, ...ends };
  try {
    await start();
  } catch (error) {
    await server.kill();
    throw error;
  }
  return server;
}

function configuration(settings: NatsServerSettings, port: number): string {
  const {
    directory,
    storeDir = `${directory}/js`,
    syncAlways = true,
    shown = true,
    storeBytesMax = 2 ** 30,
    cluster,
  } = settings;
  const jsz = '"$SYS.REQ.SERVER.PING.JSZ"';
  return `
listen: "127.0.0.1:${String(port)}"
${cluster === undefined ? '' : clusterConfiguration(cluster)}
jetstream {
  store_dir: "${storeDir}"
  max_file_store: ${String(storeBytesMax)}
  ${syncAlways ? 'sync_interval: always' : ''}
}
accounts {
  SYSTEM { users: [{ user: system, password: system }], exports: [{ service: ${jsz} }] }
  LULL {
    jetstream: enabled
    users: [{ user: lull, password: lull }]
    ${shown ? `imports: [{ service: { account: SYSTEM, subject: ${jsz} } }]` : ''}
  }
}
system_account: SYSTEM
`;
}

/**
 * The others are told of an address where nobody is: so its routes are those that are named, and no others. Of those
 * there is one between two servers: with several, as is usual, servers that start together were seen to agree on a
 * leader and then to answer nobody for minutes, once in some fifty times.
 */
function clusterConfiguration({ name, port, routes }: ClusterPlace): string {
  return `
server_name: "${name}"
cluster {
  name: lull
  listen: "127.0.0.1:${String(port)}"
  advertise: "127.0.0.1:1"
  pool_size: -1
  routes: [${routes.map(({ host }) => `"nats://${host}"`).join(', ')}]
}`;
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  while (!(await greets(port))) {
    if (child.exitCode !== null) throw new Error('nats-server ended');
    await pause(LOOK_EVERY_MS); // Not yet; `within` bounds it.
  }
}

/** A server says what it is to whoever connects, before it asks who that is. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (data) => {
      settle(data.toString().startsWith('INFO '));
    });
    socket.once('error', () => {
      settle(false);
    });
    socket.once('close', () => {
      settle(false);
    });
  });
}

/** Free a moment ago: another process may take it first, and then the server ends and says so. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function canSyncAlways(path: string): boolean {
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(execFileSync(path, ['--version']).toString()) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10);
}
