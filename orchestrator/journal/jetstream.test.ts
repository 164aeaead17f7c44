// The journal on a real nats-server, which is killed, restarted, filled and shared.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerSettings,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { genesis, verifyChain } from './chain.js';
import { whyLossy } from './durability.jetstream.js';
import { openJetStreamJournal } from './jetstream.js';
import { after, allIn, codeOf, headOf } from './entries.testing.js';
import type { Journal } from './journal.js';
import { openStream, STREAM } from './stream.jetstream.js';

const log = createLog('test', 'error');
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

let directory: string;
let server: NatsServerUnderTest;
let nats: Nats;
let partition = 0;

async function begin(settings: Partial<NatsServerSettings> = {}): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'lull-n-'));
  server = await startNatsServer({ directory, ...settings });
  nats = await connectNats({ url: server.url, name: 'test', log });
}

async function end(): Promise<void> {
  await nats.close();
  await server.close();
  rmSync(directory, { recursive: true });
}

/** A partition that no other test has written to. */
function fresh(): string {
  partition += 1;
  return `p${String(partition)}`;
}

async function open(name: string, replicaCount = 1): Promise<Journal> {
  const { connection } = nats;
  return await openJetStreamJournal({
    js: jetstream(connection),
    jsm: await jetstreamManager(connection),
    payloadBytesMax: connection.info?.max_payload ?? 0,
    partition: name,
    replicaCount,
    mayCreate: true,
    pause,
  });
}

describeHere(`a journal on JetStream${missing}`, () => {
  beforeAll(() => begin());
  afterAll(end);

  test('is empty at first; what was appended is found in order, also after reopening', async () => {
    const name = fresh();
    const journal = await open(name);
    expect(await journal.head()).toEqual(genesis);
    expect(await journal.read(1, 10)).toEqual([]);
    const entries = after(genesis, 5, 'ünï "quoted" \u0001');
    await journal.append(entries.slice(0, 2));
    await journal.append(entries.slice(2));
    expect(await journal.read(1, 100)).toEqual(entries);
    expect(await journal.read(2, 2)).toEqual(entries.slice(1, 3));
    expect(await journal.read(4, 1)).toEqual(entries.slice(3, 4));
    expect(await journal.read(6, 10)).toEqual([]);
    await journal.close();
    const again = await open(name);
    expect(await again.head()).toEqual(headOf(entries));
    expect(verifyChain(genesis, await again.read(1, 100))).toMatchObject({ kind: 'whole' });
  });

  test('over a connection that we have closed is broken at once: nobody waits for who is not asked', async () => {
    const before = nats;
    nats = await connectNats({ url: server.url, name: 'closed', log });
    const journal = await open(fresh());
    await nats.close();
    nats = before;
    const appended = journal.append(after(genesis, 1));
    await expect(appended).rejects.toMatchObject({
      code: 'JOURNAL_BROKEN',
      message: expect.stringContaining('the connection was closed') as unknown,
    });
    await expect(journal.read(1, 1)).rejects.toMatchObject({ code: 'JOURNAL_BROKEN' });
  });

  test('is read a megabyte or so at a time, where its entries are large', async () => {
    const journal = await open(fresh());
    const large = after(genesis, 40, 'x'.repeat(100_000));
    await journal.append(large);
    const page = await journal.read(3, 1_000);
    expect(page.length).toBeLessThan(25);
    const next = await journal.read(3 + page.length, 2);
    const told = [...page, ...next].map(({ sequence }) => sequence);
    expect(told).toEqual(told.map((_, n) => 3 + n));
    expect(next).toHaveLength(2);
  });

  test('is read from any entry on, between the entries of other partitions', async () => {
    const [ours, theirs] = [await open(fresh()), await open(fresh())];
    const mine = after(genesis, 40);
    const other = after(genesis, 40, 'theirs');
    for (const at of [0, 4, 9, 10, 30]) {
      const upTo = { 0: 4, 4: 9, 9: 10, 10: 30, 30: 40 }[at] ?? 0;
      await ours.append(mine.slice(at, upTo));
      await theirs.append(other.slice(at, upTo));
    }
    for (let from = 1; from <= 40; from += 1) {
      expect(await ours.read(from, 7)).toEqual(mine.slice(from - 1, from + 6));
    }
    expect(await theirs.read(1, 1_000)).toEqual(other);
  });

  test('appends that are not awaited are stored in the order of the calls', async () => {
    const journal = await open(fresh());
    const entries = after(genesis, 200);
    await Promise.all(entries.map((entry) => journal.append([entry])));
    expect(await journal.read(1, 1_000)).toEqual(entries);
  });

  test('of two writers the one that comes late has lost the journal for good (J2)', async () => {
    const name = fresh();
    const [ours, theirs] = [await open(name), await open(name)];
    const won = after(genesis, 2, 'ours');
    await ours.append(won);
    const lost = after(genesis, 3, 'theirs');
    expect(await codeOf(theirs.append(lost.slice(0, 1)))).toBe('SEQUENCE_TAKEN');
    expect(await codeOf(theirs.append(lost.slice(1)))).toBe('SEQUENCE_TAKEN');
    expect(await codeOf(theirs.read(1, 10))).toBe('SEQUENCE_TAKEN');
    await ours.append(after(headOf(won), 1, 'ours'));
    expect(await ours.read(1, 10)).toHaveLength(3);
  });

  test('what is larger than a message is cut into several, and found whole', async () => {
    const journal = await open(fresh());
    const entries = after(genesis, 20, 'x'.repeat(300_000));
    await journal.append(entries);
    expect(await allIn(journal)).toEqual(entries);
    expect(await codeOf(journal.append(after(headOf(entries), 1, 'x'.repeat(2_000_000))))).toBe(
      'JOURNAL_BROKEN',
    );
  });

  test('a message of many pages is read on where the page before ended, and not looked for on each', async () => {
    const name = fresh();
    const entries = after(genesis, 200);
    for (const each of [fresh(), fresh()]) await (await open(each)).append(after(genesis, 1));
    await (await open(name)).append(entries);
    const journal = await open(name);
    const asked: string[] = [];
    const { connection } = nats;
    const request = connection.request.bind(connection);
    connection.request = (subject, ...rest) => {
      asked.push(subject);
      return request(subject, ...rest);
    };
    const read: unknown[] = [];
    while (read.length < entries.length) read.push(...(await journal.read(read.length + 1, 30)));
    expect(read).toEqual(entries);
    connection.request = request;
    expect(asked.filter((subject) => subject.includes('DIRECT.GET'))).toEqual([]);
  });

  test.each([
    ['that is not an entry', 'nonsense', 'JOURNAL_BROKEN', 'not an entry'],
    ['of a version to come', '{"version":2,"facts":[]}', 'JOURNAL_NEWER', 'a newer one wrote it'],
  ])('a message %s is named, and not passed over', async (_what, message, code, words) => {
    const name = fresh();
    const journal = await open(name);
    await journal.append(after(genesis, 1));
    await jetstream(nats.connection).publish(`lull.v1.journal.${name}`, message);
    await expect(open(name)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as unknown,
    });
  });

  test.each(['', 'A', 'a.b', '*', '>', `p${'x'.repeat(63)}`, '-'])(
    '"%s" names no partition',
    async (name) => {
      expect(await codeOf(open(name))).toBe('JOURNAL_BROKEN');
    },
  );

  test('nobody can delete or purge what it keeps', async () => {
    const jsm = await jetstreamManager(nats.connection);
    await openStream(jsm, { replicaCount: 1, mayCreate: true });
    await expect(jsm.streams.purge(STREAM)).rejects.toThrow('purge');
    await expect(jsm.streams.deleteMessage(STREAM, 1)).rejects.toThrow('delete');
  });

  test('after it is closed nothing is taken', async () => {
    const journal = await open(fresh());
    await Promise.all([journal.append(after(genesis, 1)), journal.close(), journal.close()]);
    expect(await codeOf(journal.append(after(genesis, 1)))).toBe('JOURNAL_BROKEN');
  });

  test('the server says that it keeps what it acknowledges', async () => {
    await open(fresh());
    expect(
      await whyLossy(nats.connection, await jetstreamManager(nats.connection)),
    ).toBeUndefined();
  });
});

describeHere(`a server${missing}`, () => {
  beforeEach(() => undefined);
  afterEach(end);

  test('that is killed in the middle of appends has all that it acknowledged, once, and takes the rest when it is back', async () => {
    await begin();
    const name = fresh();
    const journal = await open(name);
    const entries = after(genesis, 60);
    const appends = entries.map((entry) => journal.append([entry]));
    await appends[20];
    await server.kill();
    await server.start();
    await Promise.all(appends);
    expect(await allIn(journal)).toEqual(entries);
    expect(await (await open(name)).head()).toEqual(headOf(entries));
  });

  test('that is full says so, and takes entries again once there is space (T19)', async () => {
    await begin({ storeBytesMax: 3_000_000 });
    const journal = await open(fresh());
    const jsm = await jetstreamManager(nats.connection);
    await jsm.streams.add({ name: 'BALLAST', subjects: ['ballast'] });
    const kept = after(genesis, 1);
    await journal.append(kept);
    for (let at = 0; at < 4; at += 1) {
      await jetstream(nats.connection)
        .publish('ballast', Buffer.alloc(900_000))
        .catch(() => undefined); // The last one finds no room; that is what it is for.
    }
    const next = after(headOf(kept), 5, 'x'.repeat(100_000));
    expect(await codeOf(journal.append(next))).toBe('NO_SPACE');
    expect(await codeOf(journal.append(next))).toBe('NO_SPACE');
    await jsm.streams.delete('BALLAST');
    await journal.append(next);
    expect(await allIn(journal)).toEqual([...kept, ...next]);
  });

  test.each([
    ['syncs now and then', { syncAlways: false }, 'does not sync every write'],
    ['shows nobody whether it syncs', { shown: false }, 'nobody here may see'],
  ])('that %s is known to lose what it acknowledged', async (_what, settings, words) => {
    await begin(settings);
    await open(fresh());
    const jsm = await jetstreamManager(nats.connection);
    expect(await whyLossy(nats.connection, jsm)).toContain(words);
  });

  test('by itself that was told to keep three copies keeps one, and is not believed', async () => {
    await begin({ syncAlways: false });
    await open(fresh());
    const jsm = await jetstreamManager(nats.connection);
    const told = await jsm.streams.update(STREAM, { num_replicas: 3 }).catch(() => undefined);
    if (told !== undefined) expect(told.config.num_replicas).toBe(3); // Newer servers refuse it.
    expect(await whyLossy(nats.connection, jsm)).toContain('the journal has 1 of 3 copies');
  });

  test('by itself that is to make three copies of a journal refuses, which is told with what to do', async () => {
    await begin();
    await expect(open(fresh(), 3)).rejects.toThrow(
      /makes no 3 copies of a journal: .*ask for fewer with --journal-copies/,
    );
  });

  test('with a stream of that name which lets go of entries is refused, with every setting that is wrong', async () => {
    await begin();
    const jsm = await jetstreamManager(nats.connection);
    await jsm.streams.add({
      name: STREAM,
      subjects: ['lull.v1.journal.*'],
      max_age: 1e9,
      max_msgs: 5,
    });
    const refused = open(fresh());
    await expect(refused).rejects.toThrow('max_age');
    await expect(refused).rejects.toThrow('max_msgs is 5');
    await expect(refused).rejects.toThrow('deny_purge');
  });
});
