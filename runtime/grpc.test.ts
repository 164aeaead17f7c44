import {
  existsSync,
  linkSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  makeGenericClientConstructor,
  Metadata,
  status,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { freeSocketPath, SocketInUseError } from './socket-path.fs.js';
import { dialUnix, MESSAGE_BYTES_MAX, rpcError } from './grpc.js';
import { reasonOf } from './reason.js';
import { serveUnix, unary, type Listener } from './grpc.js';
import { until } from './until.testing.js';

const bytes = (value: Buffer): Buffer => value;
const say = {
  path: '/lull.test.v1.EchoService/Say',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
} as const;
const echoService: ServiceDefinition = { say };
const EchoClient = makeGenericClientConstructor(echoService, 'EchoService');

let directory: string;
let open: { close(): Promise<void> | void }[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-grpc-'));
  open = [];
});

afterEach(async () => {
  for (const each of open.reverse()) await each.close();
  rmSync(directory, { recursive: true });
});

const echoes: UntypedHandleCall = (
  call: { request: Buffer },
  callback: (error: null, response: Buffer) => void,
) => {
  callback(null, call.request);
};

async function serve(path: string, handler = echoes): Promise<Listener> {
  const listener = await serveUnix({
    path,
    mode: 0o600,
    register: (server) => {
      server.addService(echoService, { say: handler });
    },
  });
  open.push(listener);
  return listener;
}

function ask(
  path: string,
  request: Buffer,
  options: { deadlineMs?: number; metadata?: Metadata } = {},
) {
  const client = dialUnix(EchoClient, path);
  open.push(client);
  return unary<Buffer, Buffer | undefined>(
    (message, metadata, callOptions, callback) =>
      client.makeUnaryRequest(say.path, bytes, bytes, message, metadata, callOptions, callback),
    request,
    { deadlineMs: 5_000, ...options },
  );
}

function padded(sizeBytes: number): Metadata {
  const metadata = new Metadata();
  metadata.set('padding', 'x'.repeat(sizeBytes));
  return metadata;
}

/** A socket file whose server is gone: closing removes the first name only. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  linkSync(`${path}.live`, path);
  await new Promise((resolve) => server.close(resolve));
}

describe('who may have a socket path', () => {
  test('a live server keeps its socket and the second start is told', async () => {
    const path = join(directory, 'a.sock');
    await serve(path);
    await expect(serve(path)).rejects.toBeInstanceOf(SocketInUseError);
    await expect(ask(path, Buffer.from('still here'))).resolves.toEqual(Buffer.from('still here'));
  });

  test('a dead server is taken over', async () => {
    const path = join(directory, 'a.sock');
    await leaveDeadSocket(path);
    expect(statSync(path).isSocket()).toBe(true);
    await serve(path);
    await expect(ask(path, Buffer.from('new'))).resolves.toEqual(Buffer.from('new'));
  });

  test('a path that Node would cut is refused, the longest that fits works', async () => {
    const fits = join(directory, 'x'.repeat(100 - directory.length - 1));
    expect(fits).toHaveLength(100);
    await serve(fits);
    await expect(ask(fits, Buffer.from('ok'))).resolves.toEqual(Buffer.from('ok'));
    await expect(freeSocketPath(`${fits}x`)).rejects.toThrow('longer than 100 bytes');
  });

  test('a path is measured in bytes, not in characters', async () => {
    await expect(freeSocketPath(`/${'ä'.repeat(60)}`)).rejects.toThrow('longer than 100 bytes');
  });

  test.each([
    [
      'a file',
      (path: string) => {
        writeFileSync(path, 'precious');
      },
    ],
    [
      'a link',
      (path: string) => {
        symlinkSync('/nowhere', path);
      },
    ],
  ])('%s in the way is neither removed nor followed', async (_what, place) => {
    const path = join(directory, 'a.sock');
    place(path);
    await expect(serve(path)).rejects.toThrow('is not a socket');
    expect(() => statSync(path, { throwIfNoEntry: false })).not.toThrow();
  });
});

describe('the life of a listener', () => {
  test('the socket has the mode asked for, and goes away with the listener, closed twice', async () => {
    const path = join(directory, 'a.sock');
    const listener = await serve(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await listener.close();
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test('a client that dialled before the server was there gets through', async () => {
    const path = join(directory, 'late.sock');
    const client = dialUnix(EchoClient, path);
    open.push(client);
    const ready = new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 5_000, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    await serve(path);
    await ready;
  });
});

describe('limits and errors', () => {
  test('a message over the limit is refused on the way out', async () => {
    const path = join(directory, 'a.sock');
    await serve(path);
    const large = Buffer.alloc(MESSAGE_BYTES_MAX + 1);
    await expect(ask(path, large)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await expect(ask(path, Buffer.alloc(MESSAGE_BYTES_MAX - 64))).resolves.toHaveLength(
      MESSAGE_BYTES_MAX - 64,
    );
  });

  test('headers over the limit are refused before the handler starts', async () => {
    const path = join(directory, 'a.sock');
    let handledCount = 0;
    const counts: UntypedHandleCall = (
      call: { request: Buffer },
      callback: (error: null, response: Buffer) => void,
    ) => {
      handledCount += 1;
      callback(null, call.request);
    };
    await serve(path, counts);
    await expect(ask(path, Buffer.from('x'), { metadata: padded(9_000) })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    expect(handledCount).toBe(0);
    await expect(ask(path, Buffer.from('x'), { metadata: padded(7_000) })).resolves.toBeDefined();
  });

  test('a hostile server that answers with large headers or trailers fails the call', async () => {
    const path = join(directory, 'a.sock');
    const floodsHeaders: UntypedHandleCall = (
      call: { request: Buffer; sendMetadata(metadata: Metadata): void },
      callback: (error: null, response: Buffer, trailer?: Metadata) => void,
    ) => {
      if (call.request.toString() === 'headers') call.sendMetadata(padded(9_000));
      callback(null, call.request, padded(9_000));
    };
    await serve(path, floodsHeaders);
    for (const what of ['headers', 'trailers']) {
      await expect(ask(path, Buffer.from(what))).rejects.toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
      });
    }
  });

  test('the reason of a refusal reaches the caller', async () => {
    const path = join(directory, 'a.sock');
    const refuses: UntypedHandleCall = (_call: unknown, callback: (error: object) => void) => {
      callback(rpcError(status.PERMISSION_DENIED, 'GRANT_MISSING', 'not granted'));
    };
    await serve(path, refuses);
    const error: unknown = await ask(path, Buffer.from('x')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, details: 'not granted' });
    expect(reasonOf(error)).toBe('GRANT_MISSING');
    expect(reasonOf(new Error('of another kind'))).toBeUndefined();
  });

  test('a server that never answers costs the caller no more than its deadline', async () => {
    const path = join(directory, 'a.sock');
    const silent: UntypedHandleCall = () => undefined;
    await serve(path, silent);
    await expect(ask(path, Buffer.from('x'), { deadlineMs: 50 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
  });
});

test('by a bounded door so many come in, and the next one when somebody has left (T23)', async () => {
  const path = join(directory, 'bounded.sock');
  const bounds = { connectionsMax: 2, callsMax: 1, messageBytesMax: 100 };
  const register: Parameters<typeof serveUnix>[0]['register'] = (server) => {
    server.addService(echoService, { say: echoes });
  };
  open.push(await serveUnix({ path, mode: 0o600, bounds, register }));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const sockets = Array.from({ length: 2 }, () => connect(path));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const turnedAway = connect(path).resume();
  await once(turnedAway, 'close');
  expect(sockets.map((socket) => socket.destroyed)).toEqual([false, false]);

  for (const socket of sockets) socket.destroy();
  const answer = await until('one has left', () =>
    ask(path, Buffer.alloc(100, 1)).catch(() => undefined),
  );
  expect(answer.byteLength).toBe(100);
  await expect(ask(path, Buffer.alloc(101, 1))).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  });
});
