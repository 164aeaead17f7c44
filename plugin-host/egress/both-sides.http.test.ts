// An updater and a server that play together against the egress proxy between them (T13, T20, T23).

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { serveEgress } from './proxy.http.js';

const FLOOD = 3_000;
const WHOLE = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nraw';

let dir: string;
let server: Server;
let sockets: Socket[];
let authority: string;
let proxy: Closeable;
let run: TestRun;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-egress-'));
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  authority = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const grants = { egress: [authority], operatorHosts: [authority] };
  run = testRun({
    ...{ workDir: dir, artifactsDir: dir },
    grants: { installRoots: [], fetchPrefixes: [], ...grants },
  });
  proxy = await serveEgress(run, {
    socketPath: join(dir, 'egress.sock'),
    clock: systemClock,
    log: createLog('test', 'silent'),
    env: {},
    secureContext: loadTrustStore({}),
  });
});

afterEach(async () => {
  run.end();
  await proxy.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

async function say(words: string): Promise<Socket> {
  const socket = connect(join(dir, 'egress.sock'));
  await once(socket, 'connect');
  socket.write(words);
  return socket;
}

function asking(method: 'GET' | 'CONNECT'): string {
  const target = method === 'GET' ? `http://${authority}/` : authority;
  return `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`;
}

async function asked(): Promise<Socket> {
  const socket = await until('that the server is asked', () => sockets[0]);
  await once(socket, 'data');
  return socket;
}

const connections = () => run.events.filter(({ kind }) => kind === 'egress').length;

test.each([
  ['requests', asking('GET').repeat(FLOOD)],
  ['a tunnel', asking('CONNECT')],
])(
  '%s behind a request are not looked at: a connection in makes one connection out, and the answer comes',
  async (_what, more) => {
    const socket = await say(asking('GET') + more);
    const said = text(socket);
    (await asked()).write(WHOLE);
    expect(await said).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
    expect(sockets).toHaveLength(1);
    expect(connections()).toBe(1);
  },
);

test('a server that switches to a protocol which nobody asked for is let go of, and told of', async () => {
  const said = text(await say(asking('GET')));
  (await asked()).write(SWITCHED);
  expect(await said).toMatch(/^HTTP\/1\.1 502 [^]*ended without an answer/);
  expect(connections()).toBe(1);
});
