// The egress proxy: whom it connects, whom not (T13, T14), and what is told of either.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { access, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer as createHttpServer, request } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { loadTrustStore } from '../artifacts/trust-store.fs.js';
import { HostError } from '../channel/host-failure.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { serveEgress } from './proxy.http.js';
import { startCompanyProxy } from './proxy.http.testing.js';
import { until } from '../../runtime/until.testing.js';

/** Read once: each time is as much work as the rest of a test. */
const secureContext = loadTrustStore({});

let dir: string;
let socketPath: string;
let proxy: Closeable;
let run: TestRun;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-egress-'));
  socketPath = join(dir, 'egress.sock');
});

afterEach(async () => {
  await proxy.close();
  for (const close of closers.splice(0)) await close();
  await rm(dir, { recursive: true, force: true });
});

async function open(
  egress: readonly string[],
  options: {
    env?: Record<string, string>;
    idleMsMax?: number;
    operatorHosts?: string[];
    take?: (bytes: number) => Promise<void>;
  } = {},
): Promise<void> {
  run = testRun({
    workDir: dir,
    artifactsDir: dir,
    grants: {
      ...{ installRoots: [], egress, fetchPrefixes: [] },
      operatorHosts: options.operatorHosts ?? egress,
    },
    ...(options.take === undefined ? {} : { take: options.take }),
  });
  proxy = await serveEgress(run, {
    socketPath,
    clock: systemClock,
    log: createLog('test', 'silent'),
    env: options.env ?? {},
    secureContext,
    ...(options.idleMsMax === undefined ? {} : { idleMsMax: options.idleMsMax }),
  });
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Sends back what it gets, and ends when the client does. */
function echoServer(): Promise<number> {
  return listening(
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.pipe(socket);
    }),
  );
}

/** CONNECT, by a real client. */
function tunnelTo(authority: string): Promise<{ status: number; socket: Socket }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method: 'CONNECT', path: authority });
    asking.once('connect', (response, socket: Socket, head) => {
      if (head.byteLength > 0) socket.unshift(head);
      socket.on('error', () => undefined);
      resolve({ status: response.statusCode ?? 0, socket });
    });
    asking.once('error', reject);
    asking.end();
  });
}

async function get(path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, body });
      }, reject);
    });
    asking.once('error', reject);
    asking.end();
  });
}

describe('CONNECT', () => {
  test('to a granted host carries bytes both ways and counts them', async () => {
    const port = await echoServer();
    await open([`127.0.0.1:${String(port)}`]);
    const { status, socket } = await tunnelTo(`127.0.0.1:${String(port)}`);
    expect(status).toBe(200);
    const sent = 'x'.repeat(300_000);
    socket.end(sent);
    expect(await text(socket)).toBe(sent);
    await until('the run is told', () => run.events.length > 0);
    expect(run.events).toEqual([
      {
        kind: 'egress',
        host: '127.0.0.1',
        port,
        allowed: true,
        sentBytes: 300_000,
        receivedBytes: 300_000,
        connectionCount: 1,
      },
    ]);
  });

  test('to another host or port is refused in plain words, and told', async () => {
    const port = await echoServer();
    await open([`127.0.0.1:${String(port)}`]);
    for (const authority of ['evil.example:443', `127.0.0.1:${String(port + 1)}`, '127.0.0.1']) {
      const { status, socket } = await tunnelTo(authority);
      expect(status).toBe(403);
      expect(await text(socket)).toMatch('was not granted to this updater');
    }
    expect(run.events).toEqual([
      expect.objectContaining({ host: 'evil.example', port: 443, allowed: false }),
      expect.objectContaining({ host: '127.0.0.1', port: port + 1, allowed: false }),
      expect.objectContaining({ port: 0, allowed: false }),
    ]);
  });

  test('refused in a flood is told a bounded number of times', async () => {
    await open([]);
    for (let count = 0; count < 40; count += 1) {
      const { socket } = await tunnelTo('evil.example:443');
      socket.destroy();
    }
    expect(run.events).toHaveLength(30);
  });

  test('to a granted host that does not answer: 502 with the reason', async () => {
    const server = createServer();
    const port = await listening(server);
    await closers.pop()?.();
    await open([`127.0.0.1:${String(port)}`]);
    const { status, socket } = await tunnelTo(`127.0.0.1:${String(port)}`);
    expect(status).toBe(502);
    expect(await text(socket)).toMatch('ECONNREFUSED');
  });

  test('while the run is frozen nothing is carried; thawed, nothing is lost', async () => {
    let got = '';
    const port = await listening(
      createServer((socket) => {
        socket.on('data', (chunk) => {
          got += chunk.toString();
        });
      }),
    );
    await open([`127.0.0.1:${String(port)}`]);
    const { socket } = await tunnelTo(`127.0.0.1:${String(port)}`);
    socket.write('before ');
    await until('the bytes are through', () => got === 'before ');
    run.freeze();
    await new Promise<void>((resolve) =>
      socket.write('after', () => {
        resolve();
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(got).toBe('before ');
    run.thaw();
    await until('the bytes are through', () => got === 'before after');
    socket.destroy();
    await until('the run is told', () => run.events.length > 0);
    expect(run.events).toEqual([expect.objectContaining({ sentBytes: 12 })]);
  });

  test('on which nothing moves is closed', async () => {
    const port = await echoServer();
    await open([`127.0.0.1:${String(port)}`], { idleMsMax: 60 });
    const { socket } = await tunnelTo(`127.0.0.1:${String(port)}`);
    await text(socket).catch(() => undefined);
    await until('the run is told', () => run.events.length > 0);
  });

  test('everything ends when the run is over', async () => {
    const port = await echoServer();
    await open([`127.0.0.1:${String(port)}`]);
    const { socket } = await tunnelTo(`127.0.0.1:${String(port)}`);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    run.end();
    await closed;
    await proxy.close();
    await expect(access(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('goes through the operator’s proxy where there is one', async () => {
    const upstream = await startCompanyProxy({
      credentials: 'me:word',
      tunnelsTo: await echoServer(),
    });
    closers.push(() => upstream.close());
    // The name is the proxy's to resolve.
    const env = { HTTPS_PROXY: `http://me:word@127.0.0.1:${String(upstream.port)}` };
    await open(['registry.example:443'], { env });
    const { socket } = await tunnelTo('registry.example:443');
    socket.end('hello');
    expect(await text(socket)).toBe('hello');
    expect(upstream.asked).toEqual(['CONNECT registry.example:443']);
  });

  test('says so where that proxy wants other credentials', async () => {
    const upstream = await startCompanyProxy({ credentials: 'me:word', tunnelsTo: 1 });
    closers.push(() => upstream.close());
    const env = { ALL_PROXY: `http://127.0.0.1:${String(upstream.port)}` };
    await open(['registry.example:443', 'registry.example:80'], { env });
    const { status, socket } = await tunnelTo('registry.example:443');
    expect([status, await text(socket)]).toEqual([502, expect.stringMatching(/credentials.*407/)]);
    const plain = await get('http://registry.example/x');
    expect(plain).toEqual({ status: 502, body: expect.stringMatching(/credentials.*407/) });
    expect(upstream.asked).toEqual([
      'CONNECT registry.example:443',
      'GET http://registry.example:80/x',
    ]);
  });

  test('to an address of this machine that only the vendor named is refused, and told', async () => {
    const port = await echoServer();
    const authority = `127.0.0.1:${String(port)}`;
    await open([authority], { operatorHosts: [] });
    const { status, socket } = await tunnelTo(authority);
    expect([status, await text(socket)]).toEqual([403, expect.stringContaining('this machine')]);
    await until('the run is told', () => run.events.length > 0);
    expect(run.events).toEqual([expect.objectContaining({ port, allowed: false })]);
  });
});

describe('what goes into the journal', () => {
  test('of many connections to one host is the first, and a sum', async () => {
    const port = await echoServer();
    await open([`127.0.0.1:${String(port)}`]);
    for (let each = 0; each < 50; each += 1) {
      const { socket } = await tunnelTo(`127.0.0.1:${String(port)}`);
      socket.end('1234');
      expect(await text(socket)).toBe('1234');
    }
    await proxy.close();
    expect(run.events).toEqual([
      expect.objectContaining({ port, sentBytes: 4, receivedBytes: 4, connectionCount: 1 }),
      expect.objectContaining({ port, sentBytes: 196, receivedBytes: 196, connectionCount: 49 }),
    ]);
  });
});

describe('on a network that somebody pays for', () => {
  test('a connection that takes too much is cut, the next one refused; both are told', async () => {
    const port = await echoServer();
    const authority = `127.0.0.1:${String(port)}`;
    const paid = { bytes: 0 };
    const take = (bytes: number): Promise<void> => {
      paid.bytes += bytes;
      const error = new HostError(
        'METERED',
        'the network is metered, and a run may take 10 B there',
      );
      return paid.bytes > 10 ? Promise.reject(error) : Promise.resolve();
    };
    await open([authority], { take });
    const { socket } = await tunnelTo(authority);
    socket.write('123456789012');
    await text(socket).catch(() => undefined);
    await until('the run is told', () => run.events.length > 0);
    const after = await tunnelTo(authority);
    expect([after.status, await text(after.socket)]).toEqual([
      403,
      expect.stringContaining('metered'),
    ]);
    expect((await get(`http://${authority}/`)).status).toBe(403);
    await proxy.close();
    expect(run.events).toEqual([
      expect.objectContaining({ port, allowed: true, sentBytes: 12, reason: 'METERED' }),
      { kind: 'notice', message: expect.stringMatching(/127\.0\.0\.1 was cut: .*metered/) },
      expect.objectContaining({ port, allowed: false, sentBytes: 0, reason: 'METERED' }),
      expect.objectContaining({ port, allowed: false, reason: 'METERED', connectionCount: 1 }),
    ]);
  });
});

describe('a plain request in absolute form', () => {
  test('to a granted host is passed on without what is between neighbours', async () => {
    let seen: string[] = [];
    const port = await listening(
      createHttpServer((incoming, response) => {
        seen = [incoming.url ?? '', ...Object.keys(incoming.headers)];
        response.writeHead(200, { 'x-kept': 'yes' }).end('body');
      }),
    );
    await open([`127.0.0.1:${String(port)}`]);
    const answer = await get(`http://127.0.0.1:${String(port)}/a?b=c`);
    expect(answer).toEqual({ status: 200, body: 'body' });
    expect(seen).toEqual(['/a?b=c', 'host', 'connection']);
    await until('the run is told', () => run.events.length > 0);
    expect(run.events).toEqual([
      expect.objectContaining({ port, allowed: true, sentBytes: 0, receivedBytes: 4 }),
    ]);
  });

  test('hides no second request in its body, which a server or a proxy would take for one', async () => {
    let received = '';
    const port = await listening(
      createServer((socket) => {
        socket.on('data', (bytes: Buffer) => {
          received += bytes.toString('latin1');
          if (received.includes('/inner')) {
            socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok');
          }
        });
      }),
    );
    const authority = `127.0.0.1:${String(port)}`;
    await open([authority]);
    const hidden = 'GET http://10.0.0.1/inner HTTP/1.1\r\nhost: 10.0.0.1\r\n\r\n';
    const socket = connect(socketPath);
    const size = Buffer.byteLength(hidden).toString(16);
    socket.write(
      `GET http://${authority}/a HTTP/1.1\r\nhost: ${authority}\r\ntransfer-encoding: chunked\r\n\r\n` +
        `${size}\r\n${hidden}\r\n0\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/ok$/);
    const [head = '', ...body] = received.split('\r\n\r\n');
    expect(head).toMatch(/^transfer-encoding: chunked$/im);
    expect(body.join('\r\n\r\n')).toBe(`${size}\r\n${hidden}\r\n0\r\n\r\n`);
  });

  test('to another host is refused; one that is no proxy request is rejected', async () => {
    await open(['127.0.0.1:1']);
    expect((await get('http://evil.example/')).status).toBe(403);
    expect((await get('/etc/passwd')).status).toBe(400);
    expect(run.events).toEqual([
      expect.objectContaining({ host: 'evil.example', port: 80, allowed: false }),
    ]);
  });
});

test('only the run’s uid can connect', async () => {
  await open([]);
  const { mode, uid } = await stat(socketPath);
  expect(mode & 0o777).toBe(0o600);
  expect(uid).toBe(run.uid);
});
