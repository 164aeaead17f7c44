// Who connects to the egress proxy and asks for nothing: let go of (T10), but not for having been frozen.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { serveEgress } from './proxy.http.js';

/** Read once: each time is as much work as the rest of a test. */
const secureContext = loadTrustStore({});

const HEADER_MS_MAX = 150;
const SLOW_MS = 3 * HEADER_MS_MAX;

let dir: string;
let server: Server;
let proxy: Closeable;
let run: TestRun;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-egress-'));
  // Takes its time to answer whatever it is told.
  server = createServer((socket) => {
    socket.once('data', () => {
      setTimeout(() => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), SLOW_MS);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const authority = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const grants = {
    ...{ installRoots: [], fetchPrefixes: [] },
    ...{ egress: [authority], operatorHosts: [authority] },
  };
  run = testRun({ workDir: dir, artifactsDir: dir, grants });
  proxy = await serveEgress(run, {
    socketPath: join(dir, 'egress.sock'),
    clock: systemClock,
    log: createLog('test', 'silent'),
    env: {},
    secureContext,
    headerMsMax: HEADER_MS_MAX,
  });
});

afterEach(async () => {
  run.end();
  await proxy.close();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

async function connected(): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect(join(dir, 'egress.sock'));
  await once(socket, 'connect');
  return { socket, closed: once(socket.resume(), 'close') };
}

test('nothing, and half a request, are waited for so long', async () => {
  const nothing = await connected();
  const half = await connected();
  half.socket.write('CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: ');
  await Promise.all([nothing.closed, half.closed]);
});

test('half a request whose other half is frozen is answered when that is thawed', async () => {
  run.freeze();
  const { socket, closed } = await connected();
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write('CONNECT 127.0.0.1:1 HTTP/1.1\r\n');
  await pause(SLOW_MS);
  expect(socket.destroyed).toBe(false);
  run.thaw();
  socket.write('host: 127.0.0.1:1\r\n\r\n');
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});

test.each([
  ['a tunnel', (to: string) => `CONNECT ${to} HTTP/1.1\r\nhost: ${to}\r\n\r\n`],
  ['a plain request', (to: string) => `GET http://${to}/ HTTP/1.1\r\nhost: ${to}\r\n\r\n`],
])('%s is not hurried once it was asked for', async (_what, ask) => {
  const { socket, closed } = await connected();
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
    if (answer.endsWith('established\r\n\r\n')) socket.write('hello');
  });
  socket.write(ask(run.grants.egress[0] ?? ''));
  await closed;
  expect(answer).toMatch(/ok$/);
});
