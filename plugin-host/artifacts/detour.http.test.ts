// A network that asks for a login answers in the place of every server, and leads to a server of its own
// (T13). Nobody goes there; and the updater, whose vendor has done nothing, is not given up for it.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { createLog } from '../../runtime/log.js';
import { testRun } from '../channel/hosted-run.testing.js';
import { testCertificate, testKey } from '../egress/certificate.testing.js';
import { createArtifacts } from './artifacts.http.js';
import { PERSISTS_MS } from './detours.js';
import { openRig, type Rig } from './rig.http.testing.js';
import {
  hastyClock,
  orderFor,
  serveContent,
  startUpstream,
  type TestUpstream,
} from './upstream.http.testing.js';

const content = randomBytes(100_000);
const down = { code: 'UPSTREAM_DOWN' };
const moved = { code: 'GRANT_MISSING' };

let rig: Rig;
let portal: TestUpstream;

beforeEach(async () => {
  rig = await openRig();
  portal = await startUpstream((_request, response) => response.end('Sign in to the hotel.'));
});

afterEach(async () => {
  expect(portal.seen).toEqual([]);
  await portal.close();
  await rig.close();
});

describe('the answer to a plain request that leads elsewhere', () => {
  const toPortal = (): Promise<string> =>
    rig.upstreamThat((_request, response) => {
      response.writeHead(302, { location: `${portal.url}login` }).end();
    });

  test.each([true, false])('is a server that is down, and tried again (full: %p)', async (full) => {
    const url = await toPortal();
    const run = { ...rig.run, leadsOut: () => full };
    await expect(rig.fetch(orderFor(url, content), run)).rejects.toMatchObject({
      ...down,
      message: expect.stringMatching(/redirects from .* granted URL, 5 times; .* asks for a login/),
    });
    expect(rig.seen).toHaveLength(5);
  });

  test('goes on being one, where nobody knows whether the network leads anywhere', async () => {
    rig.hurry(PERSISTS_MS * 1_000);
    const order = orderFor(await toPortal(), content);
    const run = { ...rig.run, leadsOut: () => false };
    await expect(rig.fetch(order, run)).rejects.toMatchObject(down);
    await expect(rig.fetch(order, run)).rejects.toMatchObject(down);
  });

  test('is the server’s own word when it persists in a network that leads everywhere', async () => {
    rig.hurry(PERSISTS_MS * 1_000);
    const order = orderFor(await toPortal(), content);
    await expect(rig.fetch(order)).rejects.toMatchObject(down);
    await expect(rig.fetch(order)).rejects.toMatchObject(moved);
  });

  test('is forgotten once somebody has logged in: the download is had', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count > 2) serveContent(request, response, content);
      else response.writeHead(302, { location: `${portal.url}login` }).end();
    });
    await rig.fetch(orderFor(url, content));
    expect(rig.seen).toHaveLength(3);
  });

  test('with more in its URL than there may be is a server that is down, and the next one is asked', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count > 1) serveContent(request, response, content);
      else response.writeHead(302, { location: 'http://hotel@portal.example/' }).end();
    });
    await rig.fetch(orderFor(url, content, { mirrors: [`${rig.url}mirror`] }));
    expect(rig.seen).toEqual(['GET /tool.tgz', 'GET /mirror']);
  });
});

describe('a server that is vouched for and leads elsewhere', () => {
  let dir: string;
  let secured: Server;
  let requests: number;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lull-detour-'));
    await mkdir(join(dir, 'shown'));
    requests = 0;
    secured = createServer({ cert: testCertificate, key: testKey }, (_request, response) => {
      requests += 1;
      response.writeHead(302, { location: `${portal.url}cdn` }).end();
    });
    await new Promise<void>((resolve) => secured.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    secured.closeAllConnections();
    await new Promise((resolve) => secured.close(resolve));
    await rm(dir, { recursive: true });
  });

  test('is its own word at once, whatever is known of the network', async () => {
    const artifacts = createArtifacts({
      ...{ dir: join(dir, 'store'), log: createLog('test', 'silent'), clock: hastyClock },
      ...{ random: () => 0.5, env: {}, shownIn: () => [] },
      secureContext: createSecureContext({ ca: testCertificate }),
    });
    const host = `127.0.0.1:${String((secured.address() as AddressInfo).port)}`;
    const url = `https://${host}/`;
    const grants = { installRoots: [], egress: [], fetchPrefixes: [url], operatorHosts: [host] };
    const places = { workDir: dir, artifactsDir: join(dir, 'shown') };
    const run = testRun({ ...places, grants, leadsOut: () => false });
    const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
    const fetched = artifacts.fetch(orderFor(`${url}tool.tgz`, content), run, hooks);
    await expect(fetched).rejects.toMatchObject(moved);
    expect(requests).toBe(1);
    artifacts.close();
  });
});
