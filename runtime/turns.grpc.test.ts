// Calls that take turns, over a real socket.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  makeGenericClientConstructor,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { dialUnix, serveUnix, tooMany, unary, type Listener } from './grpc.js';
import { takeTurns } from './turns.grpc.js';

const bytes = (value: Buffer): Buffer => value;
const shape = {
  ...{ requestStream: false, requestSerialize: bytes, requestDeserialize: bytes },
  ...{ responseSerialize: bytes, responseDeserialize: bytes, responseStream: false },
};
const service = {
  look: { ...shape, path: '/test.Service/Look' },
  halt: { ...shape, path: '/test.Service/Halt' },
};
const TestClient = makeGenericClientConstructor(service, 'test.Service');
type TestClient = InstanceType<typeof TestClient>;

let directory: string;
let listener: Listener;
let clients: TestClient[];
/** What had a turn, one after the other. */
let lookMs: number;
let turns: ('look' | 'halt' | 'others')[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-turns-'));
  [clients, turns, lookMs] = [[], [], 0];
  const handle =
    (what: 'look' | 'halt') =>
    ({ request }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
      turns.push(what);
      const untilMs = performance.now() + (what === 'look' ? lookMs : 0);
      while (performance.now() < untilMs); // It holds the loop.
      callback(null, request);
    };
  listener = await serveUnix({
    ...{ path: join(directory, 's'), mode: 0o600 },
    turns: takeTurns((path) => path === service.look.path, tooMany),
    register: (server) => {
      server.addService(service, { look: handle('look'), halt: handle('halt') });
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

function ask(client: TestClient, { path }: { readonly path: string }) {
  return unary<Buffer, Buffer | undefined>(
    (request, metadata, options, callback) =>
      client.makeUnaryRequest(path, bytes, bytes, request, metadata, options, callback),
    Buffer.from('x'),
    { deadlineMs: 20_000 },
  );
}

/** Notes each turn that others on the loop have, until it is told to stop. */
function noteOthers(): () => void {
  let goesOn = true;
  const note = (): void => {
    if (!goesOn) return;
    turns.push('others');
    setImmediate(note);
  };
  setImmediate(note);
  return () => {
    goesOn = false;
  };
}

test('between two calls that look everybody else has a turn, however many come at once', async () => {
  const client = dial();
  await ask(client, service.look);
  turns = [];
  const stop = noteOthers();
  await Promise.all(Array.from({ length: 100 }, () => ask(client, service.look)));
  stop();
  expect(turns.filter((each) => each === 'look')).toHaveLength(100);
  const together = turns.filter((each, at) => each === 'look' && turns[at - 1] === 'look');
  expect(together).toEqual([]);
});

test('what is ordered waits for none of them', async () => {
  const client = dial();
  await ask(client, service.halt);
  [turns, lookMs] = [[], 5];
  const looks = Array.from({ length: 100 }, () => ask(client, service.look));
  await ask(client, service.halt);
  expect(turns.filter((each) => each === 'look').length).toBeLessThan(50);
  await Promise.all(looks);
});

test('only so many wait, and one more is told to ask again', async () => {
  const all = [1, 2, 3, 4, 5, 6].flatMap(() => {
    const client = dial();
    return Array.from({ length: 120 }, () => ask(client, service.look));
  });
  const answers = await Promise.allSettled(all);
  const refused = answers.flatMap((each) =>
    each.status === 'rejected' ? [each.reason as ServiceError] : [],
  );
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(256);
  for (const { code, details } of refused) {
    expect([code, details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      '256 calls wait for an answer already: ask again in a moment',
    ]);
  }
});
