// What a server is to blame for, over a real socket: its caller and its log have one name for it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import {
  makeGenericClientConstructor,
  Metadata,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { faultOf, noted, setFault } from './faults.grpc.js';
import { dialUnix, rpcError, serveUnix, unary, type Listener } from './grpc.js';

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;
type Stream = (call: ServerWritableStream<Buffer, Buffer>) => void;

const bytes = (value: Buffer): Buffer => value;
const shape = {
  ...{ requestStream: false, requestSerialize: bytes, requestDeserialize: bytes },
  ...{ responseSerialize: bytes, responseDeserialize: bytes },
};
const service = {
  ask: { ...shape, path: '/test.Service/Ask', responseStream: false },
  follow: { ...shape, path: '/test.Service/Follow', responseStream: true },
};
const TestClient = makeGenericClientConstructor(service, 'test.Service');

let directory: string;
let listener: Listener;
let client: InstanceType<typeof TestClient>;
let logged: Record<string, unknown>[];
let ask: Unary;
let follow: Stream;

const log = pino(
  new Writable({
    write: (line: Buffer, _encoding, done) => {
      logged.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    },
  }),
);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-faults-'));
  logged = [];
  const path = join(directory, 's');
  listener = await serveUnix({
    ...{ path, mode: 0o600, log },
    register: (server) => {
      server.addService(service, {
        ask: (call: Parameters<Unary>[0], callback: Parameters<Unary>[1]) => {
          ask(call, callback);
        },
        follow: (call: Parameters<Stream>[0]) => {
          follow(call);
        },
      });
    },
  });
  client = dialUnix(TestClient, path);
});

afterEach(async () => {
  client.close();
  await listener.close();
  rmSync(directory, { recursive: true });
});

async function failureOfAsk(): Promise<ServiceError> {
  const { path } = service.ask;
  const asked = unary<Buffer, Buffer>(
    (request, metadata, options, callback) =>
      client.makeUnaryRequest(path, bytes, bytes, request, metadata, options, (error, answer) => {
        callback(error, answer ?? Buffer.alloc(0));
      }),
    Buffer.alloc(0),
    { deadlineMs: 5_000 },
  );
  return asked.then(
    () => {
      throw new Error('it was answered');
    },
    (error: unknown) => error as ServiceError,
  );
}

async function failureOfFollow(): Promise<ServiceError> {
  const { path } = service.follow;
  const stream = client.makeServerStreamRequest(path, bytes, bytes, Buffer.alloc(0));
  stream.on('data', () => undefined);
  return new Promise((resolve) => stream.once('error', resolve as (error: Error) => void));
}

const internal = () => rpcError(status.INTERNAL, 'INTERNAL', 'no', new Error('the cause'));

test.each<[string, string, () => Promise<ServiceError>]>([
  [
    'a call that failed by itself',
    'Ask',
    () => {
      ask = (_call, callback) => {
        callback(internal());
      };
      return failureOfAsk();
    },
  ],
  [
    'a handler that threw',
    'Ask',
    () => {
      ask = () => {
        throw new Error('a bug');
      };
      return failureOfAsk();
    },
  ],
  [
    'a stream that failed in its middle',
    'Follow',
    () => {
      follow = (call) => {
        call.write(Buffer.from('x'), () => {
          call.emit('error', internal());
        });
      };
      return failureOfFollow();
    },
  ],
])('%s is in the log under the name that its caller is told', async (_what, verb, fails) => {
  const error = await fails();
  const fault = faultOf(error.metadata);
  expect(fault).toMatch(/^[0-9a-f]{8}$/);
  expect(error.details).toContain(`fault ${String(fault)}`);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toMatchObject({ level: 50, fault, method: `/test.Service/${verb}` });
});

test('the log has the cause with its stack, and the caller has not', async () => {
  ask = (_call, callback) => {
    callback(internal());
  };
  const { details } = await failureOfAsk();
  expect(logged[0]?.['err']).toMatchObject({
    message: 'the cause',
    stack: expect.stringContaining('faults.grpc.test') as unknown,
  });
  expect(details).not.toContain('the cause');
});

test('what was to be expected is not logged, and told as it is', async () => {
  ask = (_call, callback) => {
    callback(rpcError(status.NOT_FOUND, 'UNKNOWN_SUBJECT', 'nothing is called "x"'));
  };
  const { code, details } = await failureOfAsk();
  expect([code, details]).toEqual([status.NOT_FOUND, 'nothing is called "x"']);
  expect(logged).toEqual([]);
});

test('what another server answered keeps the name under which that one has it', () => {
  const metadata = new Metadata();
  setFault(metadata, 'abcd1234');
  const answer = { code: status.INTERNAL, details: 'no (fault abcd1234)', metadata };
  expect(noted(answer, '/test.Service/Ask', log)).toEqual(answer);
  expect(logged).toEqual([]);
});
