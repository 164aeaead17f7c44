// Who connects to the egress proxy and asks for nothing: let go of (T10), but not for having been frozen.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { serveEgress } from './proxy.http.js';

const HEADER_MS_MAX = 150;

let dir: string;
let proxy: Closeable;
let run: TestRun;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-egress-'));
  run = testRun({ workDir: dir, artifactsDir: dir });
  proxy = await serveEgress(run, {
    socketPath: join(dir, 'egress.sock'),
    clock: systemClock,
    log: createLog('test', 'silent'),
    env: {},
    secureContext: loadTrustStore({}),
    headerMsMax: HEADER_MS_MAX,
  });
});

afterEach(async () => {
  run.end();
  await proxy.close();
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
  await pause(3 * HEADER_MS_MAX);
  expect(socket.destroyed).toBe(false);
  run.thaw();
  socket.write('host: 127.0.0.1:1\r\n\r\n');
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});
