// A message bus of the test's own, with python-dbusmock's services on it. Nothing outside tests
// imports it, and the machine's own buses are never spoken to.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { createClient, Variant, type MessageBus } from 'dbus-native';
import { pause } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { dialAs } from './dial-as.spawn.js';

const DAEMON = '/usr/bin/dbus-daemon';
/** Debian's: another Python that comes first in the path would not find the package. */
const PYTHON = '/usr/bin/python3';
const MOCK = '/usr/lib/python3/dist-packages/dbusmock';
const START_MS_MAX = 20_000;
const BUS = 'org.freedesktop.DBus';

const missing = [DAEMON, PYTHON, MOCK].filter((path) => !existsSync(path));

/** A test that needs a bus with mocked services. */
export function busTest(situation: string, body: () => Promise<void>, msMax = 30_000): void {
  if (missing.length === 0) test(situation, body, msMax);
  else test.skip(`${situation} (skipped here: needs dbus-daemon and python3-dbusmock)`, body);
}

export interface MockService extends Closeable {
  readonly pid: number;
  close(): Promise<void>;
}

export interface MockBus extends Closeable {
  readonly address: string;
  /** Whose it is; undefined: that of whoever runs the tests. */
  readonly uid: number | undefined;
  /** Starts a template of dbusmock, and waits until its name has an owner. */
  serve(template: string, name: string): Promise<MockService>;
  /** Starts a service with one object that has neither properties nor methods yet. */
  serveBare(name: string, path: string, iface: string): Promise<MockService>;
  /** Calls a method, of the mock's own interface unless another one is given. */
  call(on: Target, member: string, signature?: string, args?: readonly unknown[]): Promise<unknown>;
  /** Changes properties, with the signal that a real service would send. */
  update(on: Target, properties: Readonly<Record<string, Variant>>): Promise<void>;
  /** Waits until a name has an owner; `failed` says that there will be none. */
  untilOwned(name: string, failed?: () => boolean): Promise<void>;
  /** Ends the bus's daemon, and starts it anew at the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Target {
  readonly service: string;
  readonly path: string;
  readonly iface: string;
}

export const bool = (value: boolean): Variant => new Variant('b', value);
export const text = (value: string): Variant => new Variant('s', value);
export const uint = (value: number): Variant => new Variant('u', value);
export const int = (value: number): Variant => new Variant('i', value);
export const double = (value: number): Variant => new Variant('d', value);
export const long = (value: bigint): Variant => new Variant('t', value);

/** @param uid a user other than the tests' own, as whom the bus and all its services run. */
export async function startMockBus(uid?: number): Promise<MockBus> {
  const dir = mkdtempSync(join(tmpdir(), 'lull-bus-'));
  const address = `unix:path=${join(dir, 'bus')}`;
  const owner = uid === undefined ? {} : { uid, gid: uid };
  if (uid !== undefined) chownSync(dir, uid, uid);
  const children: ChildProcess[] = [];
  let daemon = await startDaemon(dir, address, owner);
  let client = await connect(dir, uid);

  async function call(
    on: Target,
    member: string,
    signature?: string,
    args: readonly unknown[] = [],
  ): Promise<unknown> {
    const { service, path, iface } = on;
    const body = signature === undefined ? {} : { signature, body: [...args] };
    const message = { destination: service, path, interface: iface, member, ...body };
    return await client.invoke<unknown>(message, { timeout: START_MS_MAX });
  }

  async function untilOwned(name: string, failed?: () => boolean): Promise<void> {
    const on = { service: BUS, path: '/org/freedesktop/DBus', iface: BUS };
    const untilMs = Date.now() + START_MS_MAX;
    while ((await call(on, 'NameHasOwner', 's', [name])) !== true) {
      if (Date.now() > untilMs || failed?.() === true) throw new Error(`nobody owns ${name}`);
      await pause(20);
    }
  }

  async function serve(name: string, args: readonly string[]): Promise<MockService> {
    const child = spawn(PYTHON, ['-m', 'dbusmock', '--system', ...args], {
      env: {
        ...{ PATH: '/usr/bin:/bin', HOME: dir, LANG: 'C.UTF-8' },
        // Some templates are of a session, and insist on it.
        ...{ DBUS_SYSTEM_BUS_ADDRESS: address, DBUS_SESSION_BUS_ADDRESS: address },
      },
      stdio: 'ignore',
      ...owner,
    });
    children.push(child);
    await untilOwned(name, () => child.exitCode !== null);
    return { pid: child.pid ?? 0, close: () => end(child) };
  }

  return {
    address,
    uid,
    call,
    untilOwned,
    serve: (template, name) => serve(name, ['--template', template]),
    serveBare: (name, path, iface) => serve(name, [name, path, iface]),
    update: async (on, properties) => {
      const mock = { ...on, iface: `${BUS}.Mock` };
      await call(mock, 'UpdateProperties', 'sa{sv}', [on.iface, Object.entries(properties)]);
    },
    restart: async () => {
      await client.close();
      await end(daemon);
      daemon = await startDaemon(dir, address, owner);
      client = await connect(dir, uid);
    },
    close: async () => {
      await client.close();
      for (const child of [...children, daemon]) await end(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function connect(dir: string, uid: number | undefined): Promise<MessageBus> {
  const path = join(dir, 'bus');
  const stream = uid === undefined ? connectTo(path) : await dialAs(path, uid);
  const client = createClient({ stream, authMethods: ['EXTERNAL'] });
  client.connection.on('error', () => undefined);
  return client;
}

async function startDaemon(
  dir: string,
  address: string,
  owner: { readonly uid?: number; readonly gid?: number },
): Promise<ChildProcess> {
  const config = join(dir, 'bus.conf');
  writeFileSync(
    config,
    `<busconfig><listen>${address}</listen><auth>EXTERNAL</auth>
     <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`,
  );
  rmSync(join(dir, 'bus'), { force: true });
  const daemon = spawn(DAEMON, [`--config-file=${config}`, '--nofork', '--nopidfile'], {
    stdio: 'ignore',
    ...owner,
  });
  const untilMs = Date.now() + START_MS_MAX;
  while (!(await answers(join(dir, 'bus')))) {
    if (Date.now() > untilMs || daemon.exitCode !== null) throw new Error('no dbus-daemon');
    await pause(10);
  }
  return daemon;
}

/** A socket is there a moment before anybody listens on it. */
async function answers(path: string): Promise<boolean> {
  const socket = connectTo(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Ends a child for good, also one that was stopped. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
