// The orchestrator's end of the link, over a real socket.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  Hello,
  LinkServiceClient,
  type AttachRequest,
  type AttachResponse,
} from '../../proto/gen/lull/link/v1/link.js';
import { faultOf } from '../../runtime/faults.grpc.js';
import { JournalBusyError } from '../journal/journal.js';
import { dialUnix, serveUnix, type Listener } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import type { Confinement } from '../../conditions/confinement.js';
import { createLog } from '../../runtime/log.js';
import type { LinkEvent } from './event.wire.js';
import { linkService } from './host.grpc.js';
import type { HostConnection } from './host-session.loop.js';
import { until } from '../../runtime/until.testing.js';

type Stream = ClientDuplexStream<AttachRequest, AttachResponse>;

let directory: string;
let listener: Listener;
let clients: LinkServiceClient[];
let attached: HostConnection[];
let detached: HostConnection[];
let confined: (Confinement | undefined)[];
let handled: LinkEvent[];
let beforeHandling: () => Promise<void>;

async function* bundle(sha256: string): AsyncGenerator<Uint8Array> {
  if (sha256 === 'none') throw new Error('there is no such bundle');
  for (let part = 0; part < 40; part += 1) {
    await Promise.resolve();
    yield Buffer.alloc(100_000, part);
  }
}

let notRestarted: string[];

beforeEach(async () => {
  notRestarted = [];
  directory = mkdtempSync(join(tmpdir(), 'lull-k-'));
  [clients, attached, detached, confined, handled] = [[], [], [], [], []];
  beforeHandling = () => Promise.resolve();
  const { definition, handlers } = linkService({
    edges: {
      isReplaced: ({ instanceId }) => instanceId === 'of-a-copy',
      attached: (host) => {
        attached.push(host);
        return Promise.resolve();
      },
      detached: (host) => detached.push(host),
      restartFailed: (message) => {
        notRestarted.push(message);
        return Promise.resolve();
      },
      confined: (host) => {
        confined.push(host.confinement);
        return Promise.resolve();
      },
      event: async (_host, event) => {
        await beforeHandling();
        handled.push(event);
      },
    },
    readBundle: bundle,
    log: createLog('test', 'silent'),
  });
  listener = await serveUnix({
    path: join(directory, 'link.sock'),
    mode: 0o600,
    log: createLog('test', 'silent'),
    register: (server) => {
      server.addService(definition, handlers);
    },
  });
});

afterEach(async () => {
  for (const client of clients) client.close();
  await listener.close();
  rmSync(directory, { recursive: true });
});

function dial(): LinkServiceClient {
  const client = dialUnix(LinkServiceClient, listener.path);
  clients.push(client);
  return client;
}

interface Host {
  readonly stream: Stream;
  readonly received: NonNullable<AttachResponse['kind']>[];
  readonly acknowledged: () => number[];
  readonly ended: () => boolean;
}

function connect(hello?: Partial<Hello>): Host {
  const stream = dial().attach();
  const received: Host['received'] = [];
  let ended = false;
  stream.on('data', ({ kind }: AttachResponse) => {
    if (kind !== undefined) received.push(kind);
  });
  stream.on('end', () => (ended = true));
  stream.on('error', () => (ended = true));
  if (hello !== undefined) {
    const value = Hello.fromPartial({ hostId: 'h', instanceId: 'i', ...hello });
    stream.write({ kind: { $case: 'hello', value } });
  }
  return {
    stream,
    received,
    acknowledged: () =>
      received.flatMap((each) =>
        each.$case === 'acknowledge' ? [Number(each.value.sequence)] : [],
      ),
    ended: () => ended,
  };
}

function tell(host: Host, sequence: number): void {
  const kind = { $case: 'notice', value: { message: String(sequence) } } as const;
  const value = { sequence: BigInt(sequence), runId: 'r', epoch: 1n, atUnixMs: 0n, kind };
  host.stream.write({ kind: { $case: 'event', value } });
}

test("the name of its machine's start is taken, and bounded", async () => {
  connect({ bootId: 'x'.repeat(1_000) });
  await until('the host', () => attached.length > 0);
  expect(attached[0]?.bootId).toHaveLength(64);
});

test('a host is welcomed, with what it holds, and gets what it is sent', async () => {
  const host = connect({ runIds: ['r'] });
  await until('the welcome', () => host.received.length > 0 && attached.length > 0);
  expect(host.received[0]).toMatchObject({ $case: 'welcome' });
  expect(attached[0]).toMatchObject({ hostId: 'h', instanceId: 'i', confinement: undefined });
  expect([...(attached[0]?.held.keys() ?? [])]).toEqual(['r']);
  expect(attached[0]?.bootId).toBeUndefined();
  attached[0]?.send({ $case: 'resume', value: { runId: 'r', epoch: 4n } });
  await until('the command', () => host.received.length > 1);
  expect(host.received[1]).toMatchObject({ $case: 'resume', value: { runId: 'r', epoch: 4n } });
});

test('a host that says it holds a hundred thousand runs is believed for as many as a host holds', async () => {
  const all = Array.from({ length: 100_000 }, (_, n) => String(n));
  connect({ held: all.map((runId) => ({ runId, epoch: 1n })), runIds: all.map((id) => `o${id}`) });
  await until('the host', () => attached.length > 0);
  expect(attached[0]?.held.size).toBe(512);
});

test('an event is acknowledged after it was handled, never before (K1)', async () => {
  let release: () => void = () => undefined;
  beforeHandling = () => new Promise((resolve) => (release = resolve));
  const host = connect({});
  tell(host, 1);
  await until('the attachment', () => attached.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(host.acknowledged()).toEqual([]);
  release();
  await until('the acknowledgement', () => host.acknowledged().length === 1);
});

test('a host whose event cannot be handled hears why, under the name that the log has for it', async () => {
  beforeHandling = () => Promise.reject(new Error('a bug'));
  const host = connect({});
  const failed = new Promise<ServiceError>((resolve) => {
    host.stream.once('error', (error) => {
      resolve(error as ServiceError);
    });
  });
  tell(host, 1);
  const error = await failed;
  expect(reasonOf(error)).toBe('INTERNAL');
  expect(faultOf(error.metadata)).toMatch(/^[0-9a-f]{8}$/);
  expect(host.acknowledged()).toEqual([]);
  await until('it counts as gone', () => detached.length === 1);
});

test('a host whose event the journal cannot take just now hears that, and it is no fault', async () => {
  beforeHandling = () => Promise.reject(new JournalBusyError());
  const host = connect({});
  const failed = new Promise((resolve) => host.stream.once('error', resolve));
  tell(host, 1);
  const error = (await failed) as ServiceError;
  expect([error.code, reasonOf(error)]).toEqual([status.UNAVAILABLE, 'JOURNAL_BUSY']);
  expect(faultOf(error.metadata)).toBeUndefined();
});

test('events are handled one after the other, in the order in which they came (K2)', async () => {
  let inside = 0;
  let most = 0;
  beforeHandling = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside -= 1;
  };
  const host = connect({});
  for (let sequence = 1; sequence <= 50; sequence += 1) tell(host, sequence);
  await until('all of them', () => host.acknowledged().length === 50);
  expect(host.acknowledged()).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  expect(handled.map(({ sequence }) => sequence)).toEqual(host.acknowledged());
  expect(most).toBe(1);
});

test('a host that attaches again has replaced its older stream (K3)', async () => {
  const older = connect({});
  await until('the first', () => attached.length === 1);
  const newer = connect({});
  await until('the second', () => attached.length === 2 && older.ended());
  expect(detached).toEqual([]);
  newer.stream.end();
  await until('the end', () => detached.length === 1);
  expect(detached[0]).toBe(attached[1]);
});

test('an event sent again is acknowledged and not handled twice; a new instance counts anew (K4)', async () => {
  const host = connect({});
  tell(host, 1);
  tell(host, 2);
  await until('two', () => host.acknowledged().length === 2);
  const again = connect({});
  for (const sequence of [1, 2, 3]) tell(again, sequence);
  await until('three', () => again.acknowledged().length === 3);
  expect(handled.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  const restarted = connect({ instanceId: 'j' });
  tell(restarted, 1);
  await until('its first', () => restarted.acknowledged().length === 1);
  expect(handled).toHaveLength(4);
});

test('an instance that another one has replaced is told, and not heard again', async () => {
  const host = connect({ instanceId: 'of-a-copy' });
  await until('the end', host.ended);
  expect(host.received.map(({ $case }) => $case)).toEqual(['refused']);
  expect(attached).toEqual([]);
});

test('what could not be made durable is not acknowledged: the stream ends, and it comes again', async () => {
  beforeHandling = () => Promise.reject(new Error('the journal is gone'));
  const host = connect({});
  tell(host, 1);
  await until('the end', host.ended);
  expect(host.acknowledged()).toEqual([]);
  beforeHandling = () => Promise.resolve();
  const again = connect({});
  tell(again, 1);
  await until('the acknowledgement', () => again.acknowledged().length === 1);
});

describe('out of turn', () => {
  test.each<[string, (host: Host) => void, boolean]>([
    [
      'an event before the hello',
      (host) => {
        tell(host, 1);
      },
      false,
    ],
    [
      'a second hello',
      (host) => {
        host.stream.write({
          kind: {
            $case: 'hello',
            value: Hello.fromPartial({ hostId: 'x', instanceId: 'i' }),
          },
        });
      },
      true,
    ],
    [
      'nothing that this version knows',
      (host) => {
        host.stream.write({ kind: undefined });
      },
      true,
    ],
  ])('%s ends the stream', async (_what, act, greeted) => {
    const host = connect(greeted ? {} : undefined);
    act(host);
    await until('the end', host.ended);
    expect(handled).toEqual([]);
  });
});

describe('a bundle', () => {
  test('comes whole, to a reader that is slow', async () => {
    let size = 0;
    for await (const { chunk } of dial().readBundle({ sha256: 'x' }) as AsyncIterable<{
      chunk: Buffer;
    }>) {
      size += chunk.byteLength;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(4_000_000);
  });

  test('that is not there is said so', async () => {
    const call = dial().readBundle({ sha256: 'none' });
    const error: unknown = await new Promise((resolve) => {
      call.on('error', resolve);
      call.on('data', () => undefined);
    });
    expect(reasonOf(error)).toBe('BUNDLE_INVALID');
  });
});
