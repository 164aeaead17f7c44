// How many streams a server lets callers have open, over a real socket (T23).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  makeGenericClientConstructor,
  status,
  type ClientReadableStream,
  type sendUnaryData,
  type ServiceError,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { dialUnix, SERVER_STREAMS_MAX, serveUnix, unary, type Listener } from './grpc.js';
import { reasonOf } from './reason.js';
import { until } from './until.testing.js';

const bytes = (value: Buffer): Buffer => value;
const shape = {
  ...{ requestStream: false, requestSerialize: bytes, requestDeserialize: bytes },
  ...{ responseSerialize: bytes, responseDeserialize: bytes },
};
const service = {
  ask: { ...shape, path: '/test.Service/Ask', responseStream: false },
  watch: { ...shape, path: '/test.Service/Watch', responseStream: true },
  follow: { ...shape, path: '/test.Service/Follow', responseStream: true },
};
const TestClient = makeGenericClientConstructor(service, 'test.Service');
type TestClient = InstanceType<typeof TestClient>;

let directory: string;
let listener: Listener;
let clients: TestClient[];
let served: ServerWritableStream<Buffer, Buffer>[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-streams-'));
  [clients, served] = [[], []];
  const stream = (call: ServerWritableStream<Buffer, Buffer>): void => {
    served.push(call);
    call.write(Buffer.from('welcome'));
  };
  const ask = (
    { request }: ServerUnaryCall<Buffer, Buffer>,
    callback: sendUnaryData<Buffer>,
  ): void => {
    callback(null, request);
  };
  listener = await serveUnix({
    ...{ path: join(directory, 's'), mode: 0o600 },
    register: (server) => {
      server.addService(service, { ask, watch: stream, follow: stream });
    },
  });
});

afterEach(async () => {
  for (const client of clients) client.close();
  await listener.close();
  rmSync(directory, { recursive: true });
});

function dial(): TestClient {
  const client = dialUnix(TestClient, listener.path);
  clients.push(client);
  return client;
}

interface Opened {
  readonly stream: ClientReadableStream<Buffer>;
  readonly error?: ServiceError;
}

function open(client: TestClient, verb: 'watch' | 'follow' = 'watch'): Promise<Opened> {
  const { path } = service[verb];
  const stream = client.makeServerStreamRequest(path, bytes, bytes, Buffer.alloc(0));
  return new Promise((resolve) => {
    stream.once('data', () => {
      resolve({ stream });
    });
    stream.on('error', (error) => {
      resolve({ stream, error: error as ServiceError });
    });
  });
}

function openAll(): Promise<Opened[]> {
  // More than one connection takes: its own limit is another matter.
  const many = [dial(), dial()];
  return Promise.all(
    many.flatMap((client) =>
      Array.from({ length: SERVER_STREAMS_MAX / many.length }, () => open(client)),
    ),
  );
}

test('a stream too many is refused before its handler is started, and told what to do', async () => {
  const all = await openAll();
  expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
  const { error } = await open(dial());
  expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
  expect(error === undefined ? '' : reasonOf(error)).toBe('RATE_LIMITED');
  expect(error?.details).toBe(
    '64 streams of Watch are open here, and no more may be: close one of them, or try again when one has ended',
  );
  expect(served).toHaveLength(SERVER_STREAMS_MAX);
});

test('streams of another verb, and calls that are none, have nothing to do with that', async () => {
  await openAll();
  const client = dial();
  expect((await open(client, 'follow')).error).toBeUndefined();
  const asked = await unary<Buffer, Buffer | undefined>(
    (request, metadata, options, callback) =>
      client.makeUnaryRequest(service.ask.path, bytes, bytes, request, metadata, options, callback),
    Buffer.from('x'),
    { deadlineMs: 5_000 },
  );
  expect(asked?.toString()).toBe('x');
});

test.each<[string, (all: readonly Opened[]) => void]>([
  ['whose caller has hung up', ([first]) => first?.stream.cancel()],
  ['that was ended', () => served[0]?.end()],
  ['that failed', () => served[0]?.emit('error', new Error('no'))],
])('the place of one %s is free again, and is freed once', async (_what, leave) => {
  const all = await openAll();
  leave(all);
  const client = dial();
  await until('there is a place', async () => (await open(client)).error === undefined);
  expect(all.length).toBe(SERVER_STREAMS_MAX);
});

test('the places of a caller that was killed are free again', async () => {
  const sockets: Socket[] = [];
  const path = join(directory, 'relay');
  const relay = createServer((caller) => {
    const onward = connect(listener.path);
    sockets.push(caller, onward);
    for (const socket of [caller, onward]) socket.on('error', () => undefined);
    caller.pipe(onward).pipe(caller);
  });
  await new Promise<void>((resolve) => relay.listen(path, resolve));
  const killed = dialUnix(TestClient, path);
  clients.push(killed);
  const all = await Promise.all(Array.from({ length: SERVER_STREAMS_MAX }, () => open(killed)));
  expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
  for (const socket of sockets) socket.destroy();
  relay.close();
  const client = dial();
  await until('there is a place', async () => (await open(client)).error === undefined);
});

test('one that ends twice frees one place', async () => {
  const [first] = await openAll();
  served[0]?.end();
  first?.stream.cancel();
  const client = dial();
  await until('there is a place', async () => (await open(client)).error === undefined);
  expect((await open(client)).error?.code).toBe(status.RESOURCE_EXHAUSTED);
});
