// A journal moves to another place, and back.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { chainEntry, genesis, type Head, type StoredEntry } from './chain.js';
import { copyJournal } from './copy.loop.js';
import type { Journal } from './journal.js';
import { openJournal } from './open.loop.js';
import { journalPlace } from './place.js';

const log = createLog('test', 'error');
const options = { log, replicaCount: 1, allowLossy: false };
let directory: string;
let opened: Journal[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-c-'));
  opened = [];
});
afterEach(async () => {
  for (const journal of opened) await journal.close();
  rmSync(directory, { recursive: true });
});

async function open(place: string): Promise<Journal> {
  const text = place.includes('://') ? place : join(directory, place);
  const journal = await openJournal(journalPlace(text), options);
  opened.push(journal);
  return journal;
}

function chainOf(count: number, after: Head = genesis, message = 'x'): StoredEntry[] {
  let at = after;
  return Array.from({ length: count }, () => {
    const fact = { kind: 'run.notice', runId: 'run-1', message } as const;
    const { sequence, atMs, body, hash } = chainEntry(at, 1_000, fact);
    at = { sequence, hash };
    return { sequence, atMs, body, hash };
  });
}

describe('a copy', () => {
  test('has every entry as it was, and says how far it is', async () => {
    const [from, to] = [await open('a.db'), await open('b.db')];
    const entries = chainOf(2_500);
    await from.append(entries);
    const told: [number, number][] = [];
    const head = await copyJournal(from, to, (...progress) => told.push(progress));
    expect(told).toEqual([
      [1_000, 2_500],
      [2_000, 2_500],
      [2_500, 2_500],
    ]);
    expect(head).toEqual(await from.head());
    expect(await to.read(1, 10_000)).toEqual(entries);
  });

  test('that was interrupted goes on where it was', async () => {
    const [from, to] = [await open('a.db'), await open('b.db')];
    const entries = chainOf(1_500);
    await from.append(entries);
    await to.append(entries.slice(0, 700));
    await copyJournal(from, to, () => undefined);
    expect(await to.read(1, 10_000)).toEqual(entries);
  });

  test.each([
    ['another journal', chainOf(3, genesis, 'other')],
    ['a longer one', chainOf(9)],
  ])('onto %s is refused, and changes nothing', async (_what, there) => {
    const [from, to] = [await open('a.db'), await open('b.db')];
    await from.append(chainOf(5));
    await to.append(there);
    await expect(copyJournal(from, to, () => undefined)).rejects.toMatchObject({
      code: 'SEQUENCE_TAKEN',
    });
    expect(await to.read(1, 100)).toEqual(there);
  });

  test('of a journal that was altered is refused before anything is written', async () => {
    const [from, to] = [await open('a.db'), await open('b.db')];
    const [first, second] = chainOf(2) as [StoredEntry, StoredEntry];
    await from.append([first, { ...second, body: second.body.replace('x', 'y') }]);
    await expect(copyJournal(from, to, () => undefined)).rejects.toThrow('entry 2 was altered');
    expect(await to.head()).toEqual(genesis);
  });
});

const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

describeHere(`to a stream and back${missing}`, () => {
  let server: NatsServerUnderTest;

  beforeEach(async () => {
    server = await startNatsServer({ directory });
  });
  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close();
    await server.close();
  });

  test('every entry and every hash is the same', async () => {
    const partition = new URL('/fleet-0', server.url).href;
    const [from, stream, back] = [await open('a.db'), await open(partition), await open('b.db')];
    const entries = chainOf(1_200);
    await from.append(entries);
    await copyJournal(from, stream, () => undefined);
    await copyJournal(stream, back, () => undefined);
    expect(await back.read(1, 10_000)).toEqual(entries);
  });
});

describeHere('a server that may lose what it acknowledged', () => {
  let server: NatsServerUnderTest;

  beforeEach(async () => {
    server = await startNatsServer({ directory, syncAlways: false });
  });
  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close();
    await server.close();
  });

  test('is refused, in words, unless that is accepted', async () => {
    const place = journalPlace(new URL('/fleet-0', server.url).href);
    await expect(openJournal(place, options)).rejects.toThrow('sync_interval: always');
    const journal = await openJournal(place, { ...options, allowLossy: true });
    opened.push(journal);
    await journal.append(chainOf(1));
  });

  test('one that is too old is refused for that', async () => {
    const older = await behind(server.url, (said) =>
      said.replace(/"version":"[^"]*"/, '"version":"2.9.25"'),
    );
    try {
      const place = journalPlace(new URL('/fleet-0', older.url).href);
      const words = 'nats-server 2.9.25 cannot sync every write: 2.10 and newer can';
      await expect(openJournal(place, options)).rejects.toThrow(words);
    } finally {
      await older.close();
    }
  });
});

/** The same server, which says something else of itself; newer ones say it twice. */
async function behind(server: URL, told: (said: string) => string) {
  const listener = createServer((client) => {
    const upstream = connect(Number(server.port), server.hostname);
    client.on('error', () => upstream.destroy());
    client.once('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream);
    upstream.on('data', (bytes: Buffer) =>
      client.write(Buffer.from(told(bytes.toString('latin1')), 'latin1')),
    );
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(server);
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url,
    close: async () => {
      listener.close();
      await once(listener, 'close');
    },
  };
}
