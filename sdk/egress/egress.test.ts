// From inside a sandbox without a network: everything goes over a CONNECT proxy on a Unix socket.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestProxy, type TestProxy } from '../testing/connect.proxy.js';
import { openEgressBridge } from './bridge.js';
import { EgressClient } from './client.http.js';

let dir: string;
let proxy: TestProxy;
let server: Server;
let origin: string;
let client: EgressClient;
let answer: RequestListener;
let allowed: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-egress-'));
  server = createServer((incoming, response) => {
    answer(incoming, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  origin = `http://${authority}`;
  allowed = [authority];
  proxy = await startTestProxy(join(dir, 'egress.sock'), (each) => allowed.includes(each));
  client = new EgressClient(proxy.socketPath);
});

afterEach(async () => {
  client.close();
  await proxy.close();
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
});

const get = (path: string, bytesMax = 1_000, signal = new AbortController().signal) =>
  client.getJson(origin + path, { bytesMax, signal });

describe('a document', () => {
  test('comes through the proxy, and the connection is used again', async () => {
    answer = (incoming, response) => {
      response.end(JSON.stringify({ path: incoming.url, accept: incoming.headers.accept }));
    };
    const headers = { accept: 'application/x' };
    const { signal } = new AbortController();
    for (const path of ['/a', '/b']) {
      expect(await client.getJson(origin + path, { headers, bytesMax: 1_000, signal })).toEqual({
        path,
        accept: 'application/x',
      });
    }
    expect(proxy.targets).toHaveLength(1);
  });

  test('is undefined where there is none', async () => {
    answer = (_incoming, response) => response.writeHead(404).end();
    expect(await get('/missing')).toBeUndefined();
  });

  test('is followed through redirects', async () => {
    answer = (incoming, response) => {
      const count = Number(incoming.url?.slice(1));
      if (count === 0) response.end('"here"');
      else response.writeHead(302, { location: `/${String(count - 1)}` }).end();
    };
    expect(await get('/5')).toBe('here');
    await expect(get('/6')).rejects.toMatchObject({ reason: 'UPSTREAM_DOWN' });
  });

  test('is unpacked', async () => {
    answer = (_incoming, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('{"packed":true}'));
    };
    expect(await get('/')).toEqual({ packed: true });
  });
});

describe('what goes wrong', () => {
  const answers: [string, RequestListener, string][] = [
    ['500', (_i, response) => response.writeHead(500).end(), 'UPSTREAM_DOWN'],
    ['429', (_i, response) => response.writeHead(429).end(), 'RATE_LIMITED'],
    ['what is not JSON', (_i, response) => response.end('<html>'), 'UPSTREAM_DOWN'],
    [
      'more than the limit',
      (_i, response) => response.end('"' + 'x'.repeat(2_000)),
      'UPSTREAM_DOWN',
    ],
    [
      'little that unpacks to much',
      (_i, response) => {
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync(Buffer.alloc(50_000_000)));
      },
      'UPSTREAM_DOWN',
    ],
    [
      'half of what it announced',
      (_i, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"a":', () => response.destroy());
      },
      'UPSTREAM_DOWN',
    ],
    [
      'half of something packed',
      (_i, response) => {
        response.writeHead(200, { 'content-length': '100', 'content-encoding': 'gzip' });
        response.write(gzipSync('{"a":1}').subarray(0, 15), () => response.destroy());
      },
      'UPSTREAM_DOWN',
    ],
    [
      'a redirect to a file',
      (_i, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'UPSTREAM_DOWN',
    ],
    [
      'a redirect to a host that was not granted',
      (_i, response) => response.writeHead(302, { location: 'http://other.example/' }).end(),
      'GRANT_MISSING',
    ],
  ];
  test.each(answers)('the server answers with %s', async (_name, listener, reason) => {
    answer = listener;
    await expect(get('/')).rejects.toMatchObject({ reason });
  });

  test('the host refuses the target', async () => {
    allowed = [];
    await expect(get('/')).rejects.toMatchObject({ reason: 'GRANT_MISSING', retry: false });
  });

  test('nothing listens at the target', async () => {
    server.close();
    await expect(get('/')).rejects.toMatchObject({ reason: 'UPSTREAM_DOWN', retry: true });
  });

  test('the target does not speak TLS', async () => {
    const options = { bytesMax: 10, signal: new AbortController().signal };
    answer = (_incoming, response) => response.end();
    const url = origin.replace('http:', 'https:');
    await expect(client.getJson(url, options)).rejects.toMatchObject({ reason: 'UPSTREAM_DOWN' });
  });

  test('no egress was granted at all', async () => {
    const without = new EgressClient(undefined);
    const options = { bytesMax: 10, signal: new AbortController().signal };
    await expect(without.get(origin, options)).rejects.toMatchObject({ reason: 'GRANT_MISSING' });
    await expect(openEgressBridge(undefined)).rejects.toMatchObject({ reason: 'GRANT_MISSING' });
    without.close();
  });

  test('the call is cut while the server is silent', async () => {
    const cut = new AbortController();
    answer = () => {
      cut.abort(new Error('cut'));
    };
    await expect(get('/', 1_000, cut.signal)).rejects.toThrow('cut');
  });
});

describe('the bridge', () => {
  test('is a proxy on a loopback port', async () => {
    answer = (_incoming, response) => response.end('through');
    const bridge = await openEgressBridge(proxy.socketPath);
    const { hostname, port } = new URL(bridge.url);
    expect(hostname).toBe('127.0.0.1');
    const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      request({ hostname, port, path: `${origin}/x`, headers: { host: new URL(origin).host } })
        .once('response', resolve)
        .once('error', reject)
        .end();
    });
    expect(await text(response)).toBe('through');
    await bridge.close();
    await bridge.close();
  });

  test('closes what is open, on both sides', async () => {
    const silent = createTcpServer();
    const path = join(dir, 'silent.sock');
    silent.listen(path);
    const arrived = once(silent, 'connection') as Promise<[Socket]>;
    const bridge = await openEgressBridge(path);
    const inner = connect(Number(new URL(bridge.url).port), '127.0.0.1');
    const [outer] = await arrived;
    const ended = Promise.all([once(inner, 'close'), once(outer.resume(), 'close')]);
    await bridge.close();
    await ended;
    silent.close();
  });
});
