// A granted name that leads into this machine, on the whole way that a call takes: `Fetch` and CONNECT
// refuse it before anybody is connected (T13). What an address is is tested beside address.dns.ts.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { hostname, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { createArtifacts } from '../artifacts/artifacts.http.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { orderFor } from '../artifacts/upstream.http.testing.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { serveEgress } from './proxy.http.js';

const log = createLog('test', 'silent');
const secureContext = loadTrustStore({});
const insider = await nameOfThisMachine();
const named = insider === undefined ? test.skip : test;
let dir: string;
let server: Server;
let port: number;
let arrivals: number;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-inside-'));
  arrivals = 0;
  server = createServer((socket) => {
    arrivals += 1;
    socket.on('error', () => undefined).end();
  }).listen(0, '::');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  server.close();
  await rm(dir, { recursive: true });
});

/** A name, and no address, that this machine's resolver knows and that leads to it. */
async function nameOfThisMachine(): Promise<string | undefined> {
  const interfaces = Object.values(networkInterfaces()).flatMap((each = []) => each);
  const here = new Set(interfaces.map(({ address }) => address));
  for (const name of [hostname(), 'ip6-localhost', 'ip6-loopback']) {
    if (/(^|\.)localhost$/.test(name)) continue; // Which is taken for an address.
    const found = await lookup(name, { all: true }).catch(() => []);
    const isInside = ({ address }: { address: string }): boolean =>
      address.startsWith('127.') || here.has(address);
    if (found.length > 0 && found.every(isInside)) return name.toLowerCase();
  }
  return undefined;
}

/** It was granted the name by its manifest, and no operator named it. */
function runOf(host: string): TestRun {
  const egress = [`${host}:${String(port)}`];
  const fetchPrefixes = [`http://${host}:${String(port)}/`];
  const grants = { installRoots: [], egress, fetchPrefixes, operatorHosts: [] };
  return testRun({ workDir: dir, artifactsDir: dir, grants });
}

named('Fetch of a URL below a granted prefix is refused', async () => {
  const host = insider ?? '';
  const artifacts = createArtifacts({
    ...{ dir: join(dir, 'store'), log, clock: systemClock, random: () => 0.5, env: {} },
    ...{ secureContext, shownIn: () => [] },
  });
  closers.push(() => {
    artifacts.close();
  });
  const order = orderFor(`http://${host}:${String(port)}/tool`, Buffer.from('x'));
  const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
  await expect(artifacts.fetch(order, runOf(host), hooks)).rejects.toMatchObject({
    code: 'GRANT_MISSING',
    message: expect.stringContaining(`${host} resolves to`) as unknown,
  });
  expect(arrivals).toBe(0);
});

named('CONNECT to a granted host is refused', async () => {
  const host = insider ?? '';
  const socketPath = join(dir, 'egress.sock');
  const run = runOf(host);
  const proxy = await serveEgress(run, {
    ...{ socketPath, clock: systemClock, log, env: {}, secureContext },
  });
  closers.push(() => proxy.close());
  const asking = request({ socketPath, method: 'CONNECT', path: `${host}:${String(port)}` }).end();
  const [response, socket] = (await once(asking, 'connect')) as [{ statusCode: number }, Socket];
  socket.destroy();
  expect(response.statusCode).toBe(403);
  expect(arrivals).toBe(0);
});
