// An updater and a server that play together against the egress proxy between them (T13, T20, T23).

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as othersFirst } from 'node:timers/promises';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { serveEgress } from './proxy.http.js';

/** Read once: each time is as much work as the rest of a test. */
const secureContext = loadTrustStore({});

const FLOOD = 3_000;
const WHOLE = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nraw';

let dir: string;
let server: Server;
let sockets: Socket[];
let authority: string;
let proxy: Closeable;
let run: TestRun;
let turnBytes: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-egress-'));
  sockets = [];
  turnBytes = 0;
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
    take: (bytes) => {
      turnBytes += bytes;
      return Promise.resolve();
    },
  });
  proxy = await serveEgress(run, {
    socketPath: join(dir, 'egress.sock'),
    clock: systemClock,
    log: createLog('test', 'silent'),
    env: {},
    secureContext,
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

/** All that comes: whoever sent more than is read hears of that at the end. */
async function untilReset(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    expect(error.code).toBe('ECONNRESET');
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
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

/** A chunk of one byte, so many times. */
const CRUMBS = '1\r\nx\r\n'.repeat(30_000);
/** Of the loop: more than the pieces that may lie between two looks at it. */
const TURN_BYTES_MAX = 8 * 1024;

const connections = () => run.events.filter(({ kind }) => kind === 'egress').length;

test.each([
  ['requests', asking('GET').repeat(FLOOD)],
  ['a tunnel', asking('CONNECT')],
])(
  '%s behind a request are not looked at: a connection in makes one connection out, and the answer comes',
  async (_what, more) => {
    const socket = await say(asking('GET') + more);
    const said = untilReset(socket);
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

/** The most that was taken between two turns of the loop until `done`. */
async function mostInATurn(done: () => boolean): Promise<number> {
  let most = 0;
  while (!done()) {
    turnBytes = 0;
    await othersFirst();
    most = Math.max(most, turnBytes);
  }
  return most;
}

const sum = (key: 'sentBytes' | 'receivedBytes') =>
  run.events.reduce((bytes, event) => bytes + (event.kind === 'egress' ? event[key] : 0), 0);

test('crumbs, from whichever side, are carried piece by piece: the loop turns in between', async () => {
  const head = 'HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
  const said = text(await say(`POST http://${authority}/ ${head}${CRUMBS}0\r\n\r\n`));
  const socket = await asked();
  socket.resume();
  socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${CRUMBS}0\r\n\r\n`);
  expect(await mostInATurn(() => connections() > 0)).toBeLessThan(TURN_BYTES_MAX);
  await said;
  expect([sum('sentBytes'), sum('receivedBytes')]).toEqual([30_000, 30_000]);
});
