// Places in groups on a real nats-server, asked for by many at once, with the ground taken away.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { GROUPS_BUCKET } from '../../proto/subjects.js';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { openGroupLock } from './group-lock.kv.js';
import type { GroupLock } from './group-lock.js';

const log = createLog('test', 'silent');
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

const STREAM = `KV_${GROUPS_BUCKET}`;

let directory: string;
let server: NatsServerUnderTest;
let connections: Nats[];
let locks: Closeable[];
let places: Map<string, number>;

async function open(): Promise<GroupLock & Closeable> {
  const nats = await connectNats({ url: server.url, name: 'test', log });
  connections.push(nats);
  const lock = await openGroupLock({
    js: jetstream(nats.connection),
    ...{ clock: systemClock, log, pause, random: Math.random, replicaCount: 1 },
    settleMs: 500,
    placesOf: (group) => places.get(group) ?? 1,
  });
  locks.push(lock);
  return lock;
}

const idsOf = (place: Awaited<ReturnType<GroupLock['acquire']>>): string[] =>
  place.kind === 'refused' ? place.holders.map(({ id }) => id) : [];

describeHere(`places in groups on NATS${missing}`, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lull-groups-'));
    server = await startNatsServer({ directory });
  });
  beforeEach(() => {
    connections = [];
    locks = [];
    places = new Map();
  });
  afterEach(async () => {
    for (const lock of locks) await lock.close();
    for (const nats of connections) await nats.close();
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  test('fifty at once, through five orchestrators: never more than three have one, and all have had one', async () => {
    places.set('tills', 3);
    const five = await Promise.all(Array.from({ length: 5 }, open));
    const having = new Set<string>();
    const had = new Set<string>();
    let most = 0;
    const wants = async (id: string, lock: GroupLock): Promise<void> => {
      while ((await lock.acquire('tills', id)).kind !== 'held') await pause(5);
      having.add(id);
      had.add(id);
      most = Math.max(most, having.size);
      await pause(1);
      having.delete(id);
      await lock.release('tills', id);
    };
    await Promise.all(
      five.flatMap((lock, at) =>
        Array.from({ length: 10 }, (_, client) => wants(`${String(at)}-${String(client)}`, lock)),
      ),
    );
    expect(had.size).toBe(50);
    expect(most).toBeLessThanOrEqual(3);
  });

  test('fifty at once where fifty may: each has one', async () => {
    places.set('all', 50);
    const lock = await open();
    const all = Array.from({ length: 50 }, (_, at) => lock.acquire('all', `h${String(at)}`));
    expect(new Set((await Promise.all(all)).map(({ kind }) => kind))).toEqual(new Set(['held']));
    expect(idsOf(await lock.acquire('all', 'one more'))).toHaveLength(50);
  });

  test('what somebody asked for who is not the one to ask any more is not done when its time comes', async () => {
    const [before, now] = await Promise.all([open(), open()]);
    await now.acquire('handed', 'a');
    let isOver = false;
    const late = [
      before.release('handed', 'a', () => isOver),
      before.acquire('others', 'b', () => isOver),
    ];
    isOver = true;
    await Promise.all(late);
    expect((await now.holders('handed')).map(({ id }) => id)).toEqual(['a']);
    expect(await now.holders('others')).toEqual([]);
  });

  test('whoever has one has it through any orchestrator, and releases it once for all', async () => {
    const [ours, theirs] = await Promise.all([open(), open()]);
    expect(await ours.acquire('desks', 'a')).toEqual({ kind: 'held' });
    expect(await theirs.acquire('desks', 'a')).toEqual({ kind: 'held' });
    expect(await theirs.acquire('desks', 'b')).toMatchObject({
      ...{ kind: 'refused', max: 1 },
      holders: [{ id: 'a' }],
    });
    await theirs.release('desks', 'b');
    expect(idsOf(await ours.acquire('desks', 'b'))).toEqual(['a']);
    await theirs.release('desks', 'a');
    await ours.release('desks', 'a');
    expect(await ours.acquire('desks', 'b')).toEqual({ kind: 'held' });
  });

  test('groups of any name are apart from each other', async () => {
    const lock = await open();
    for (const group of ['a.b', 'a_b', 'a=2eb', '..', '*', '>', 'ü b', '']) {
      expect(await lock.acquire(group, group)).toEqual({ kind: 'held' });
      expect(idsOf(await lock.acquire(group, 'other'))).toEqual([group]);
    }
  });

  test('a key that is deleted under way gives no place away, and what follows goes on', async () => {
    const lock = await open();
    await lock.acquire('kiosks', 'a');
    const js = jetstream(connections[0]?.connection ?? fail());
    const bucket = await new Kvm(js).open('lull-groups');
    await bucket.delete('kiosks');
    expect(idsOf(await lock.acquire('kiosks', 'b'))).toEqual(['a']);
    await bucket.purge('kiosks');
    await lock.release('kiosks', 'a');
    expect(await lock.acquire('kiosks', 'b')).toEqual({ kind: 'held' });
  });

  test('a bucket that is deleted under way is made again, with the places that were given', async () => {
    const lock = await open();
    await lock.acquire('racks', 'a');
    const jsm = await jetstreamManager(connections[0]?.connection ?? fail());
    await jsm.streams.delete('KV_lull-groups');
    expect(idsOf(await lock.acquire('racks', 'b'))).toEqual(['a']);
    await jsm.streams.delete('KV_lull-groups');
    await lock.release('racks', 'a');
    expect(await lock.acquire('racks', 'b')).toEqual({ kind: 'held' });
  });

  test.each([
    ['that never asked for one there', false],
    ['that started only when it was gone', true],
  ])(
    'a bucket that is deleted under way: nor does an orchestrator %s give them away',
    async (_who, startsLater) => {
      const group = startsLater ? 'late' : 'early';
      const ours = await open();
      const before = startsLater ? undefined : await open();
      await ours.acquire(group, 'a');
      const jsm = await jetstreamManager(connections[0]?.connection ?? fail());
      await jsm.streams.delete('KV_lull-groups');
      const theirs = before ?? (await open());
      expect(idsOf(await theirs.acquire(group, 'b'))).toEqual(['a']);
      await theirs.release(group, 'a');
      expect(await ours.acquire(group, 'b')).toEqual({ kind: 'held' });
    },
  );

  test('who has gone deaf, as when the server is gone that it heard, listens anew: what was said meanwhile is not given away', async () => {
    const [deaf, theirs] = await Promise.all([open(), open()]);
    const jsm = await jetstreamManager(connections[0]?.connection ?? fail());
    for await (const { name } of jsm.consumers.list(STREAM))
      await jsm.consumers.delete(STREAM, name);
    await theirs.acquire('halls', 'a');
    await bothAreTold(jsm);
    await theirs.close();
    await jsm.streams.delete(STREAM);
    expect(idsOf(await deaf.acquire('halls', 'b'))).toEqual(['a']);
  });

  test('what was released before it was deleted does not come back', async () => {
    const [ours, theirs] = await Promise.all([open(), open()]);
    await ours.acquire('bays', 'a');
    await theirs.release('bays', 'a');
    const jsm = await jetstreamManager(connections[0]?.connection ?? fail());
    await bothAreTold(jsm);
    await jsm.streams.delete('KV_lull-groups');
    expect(await theirs.acquire('bays', 'b')).toEqual({ kind: 'held' });
    expect(await ours.acquire('bays', 'b')).toEqual({ kind: 'held' });
  });

  test('what is no semaphore is left alone, and named', async () => {
    const lock = await open();
    const js = jetstream(connections[0]?.connection ?? fail());
    const bucket = await new Kvm(js).open('lull-groups');
    for (const nonsense of ['nonsense', '{"max":1}']) {
      await bucket.put('labs', nonsense);
      await expect(lock.acquire('labs', 'a')).rejects.toThrow('no semaphore');
      expect((await bucket.get('labs'))?.string()).toBe(nonsense);
    }
  });

  test('places outlive the server', async () => {
    const lock = await open();
    await lock.acquire('floors', 'a');
    await server.kill();
    await server.start();
    expect(idsOf(await (await open()).acquire('floors', 'b'))).toEqual(['a']);
  });
});

/** Whoever has the bucket open has been sent everything that was said. */
async function bothAreTold(jsm: JetStreamManager): Promise<void> {
  await until('both are told', async () => {
    const { state } = await jsm.streams.info(STREAM);
    const told = await jsm.consumers.list(STREAM).next();
    return told.filter(({ delivered }) => delivered.stream_seq === state.last_seq).length === 2;
  });
}

function fail(): never {
  throw new Error('nothing is connected');
}
