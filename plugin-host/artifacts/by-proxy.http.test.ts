// Downloads on a network that only a proxy leads out of.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { createLog } from '../../runtime/log.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { testCertificate, testKey } from '../egress/certificate.testing.js';
import { startCompanyProxy, type CompanyProxy } from '../egress/proxy.http.testing.js';
import { createArtifacts } from './artifacts.http.js';
import type { StoredContent } from './order.js';
import {
  hastyClock,
  hexOf,
  orderFor,
  serveContent,
  startUpstream,
  type TestUpstream,
} from './upstream.http.testing.js';

const content = randomBytes(100_000);
const stored = { sha256: hexOf('sha256', content), sizeBytes: content.byteLength };
const secureContext = createSecureContext({ ca: testCertificate });

let dir: string;
let upstream: TestUpstream;
let secured: Server;
let proxy: CompanyProxy | undefined;
let run: TestRun;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-by-proxy-'));
  await mkdir(join(dir, 'shown'));
  upstream = await startUpstream((request, response) => {
    serveContent(request, response, content);
  });
  secured = createServer({ cert: testCertificate, key: testKey }, (request, response) => {
    serveContent(request, response, content);
  });
  await new Promise<void>((resolve) => secured.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await proxy?.close();
  await upstream.close();
  secured.closeAllConnections();
  await new Promise((resolve) => secured.close(resolve));
  await rm(dir, { recursive: true });
});

/** Fetches `url`, which was granted, with this environment. */
async function fetch(
  url: string,
  env: Record<string, string>,
  operatorHosts: string[] = [],
): Promise<StoredContent> {
  const fetchPrefixes = [new URL('/', url).href];
  const grants = { installRoots: [], egress: [], fetchPrefixes, operatorHosts };
  run = testRun({ workDir: dir, artifactsDir: join(dir, 'shown'), grants });
  const artifacts = createArtifacts({
    ...{ dir: join(dir, 'store'), log: createLog('test', 'silent'), clock: hastyClock, env },
    ...{ random: () => 0.5, secureContext, shownIn: () => [] },
  });
  try {
    const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
    return await artifacts.fetch(orderFor(url, content), run, hooks);
  } finally {
    artifacts.close();
  }
}

function plainUrl(): string {
  return `http://registry.example:${new URL(upstream.url).port}/tool.tgz?a=b`;
}

function tunnelPort(): number {
  return (secured.address() as AddressInfo).port;
}

describe('what is not secured', () => {
  test('is asked of the proxy itself, in absolute form, and never by a tunnel', async () => {
    proxy = await startCompanyProxy();
    const env = { HTTP_PROXY: `http://127.0.0.1:${String(proxy.port)}` };
    expect(await fetch(plainUrl(), env)).toEqual(stored);
    expect(proxy.asked).toEqual([`GET ${plainUrl()}`]);
    expect(upstream.seen).toEqual(['GET /tool.tgz?a=b']);
    expect(run.events).toMatchObject([{ url: plainUrl(), remoteAddress: '127.0.0.1' }]);
  });

  test('goes with the credentials of the proxy’s URL, which the server never sees', async () => {
    proxy = await startCompanyProxy({ credentials: 'me:a word' });
    const env = { ALL_PROXY: `http://me:a%20word@127.0.0.1:${String(proxy.port)}` };
    expect(await fetch(plainUrl(), env)).toEqual(stored);
  });
});

describe('what is secured', () => {
  test.each([false, true])(
    'goes through a tunnel; the proxy itself secured: %s',
    async (secure) => {
      proxy = await startCompanyProxy({ secure, tunnelsTo: tunnelPort(), credentials: 'me:word' });
      const scheme = secure ? 'https' : 'http';
      const env = { HTTPS_PROXY: `${scheme}://me:word@127.0.0.1:${String(proxy.port)}` };
      expect(await fetch('https://registry.example/tool.tgz', env)).toEqual(stored);
      expect(proxy.asked).toEqual(['CONNECT registry.example:443']);
    },
  );
});

describe('a proxy that does not know us', () => {
  test.each(['http', 'https'])('is named as the cause, once: %s', async (scheme) => {
    proxy = await startCompanyProxy({ credentials: 'me:word', tunnelsTo: tunnelPort() });
    const env = { ALL_PROXY: `http://me:wrong@127.0.0.1:${String(proxy.port)}` };
    const url = scheme === 'http' ? plainUrl() : 'https://registry.example/tool.tgz';
    await expect(fetch(url, env)).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringMatching(/proxy wants other credentials .*407.*user:password@host/),
    });
    expect(proxy.asked).toHaveLength(1);
    expect(upstream.seen).toEqual([]);
  });
});

test('an address of an inner network is not asked of a proxy either, but by the operator', async () => {
  proxy = await startCompanyProxy();
  const env = { ALL_PROXY: `http://127.0.0.1:${String(proxy.port)}` };
  const inner = `http://10.1.2.3:${new URL(upstream.url).port}/tool.tgz`;
  await expect(fetch(inner, env)).rejects.toMatchObject({ code: 'GRANT_MISSING' });
  await expect(fetch(upstream.url, {})).rejects.toMatchObject({ code: 'GRANT_MISSING' });
  expect(proxy.asked).toEqual([]);
  expect(await fetch(inner, env, [new URL(inner).host])).toEqual(stored);
  expect(
    await fetch(upstream.url, { ...env, NO_PROXY: '127.0.0.0/8' }, [new URL(upstream.url).host]),
  ).toEqual(stored);
  expect(proxy.asked).toHaveLength(1);
});
