// When a snapshot of a partition is taken, and when it is not.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextRound } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { StoredEntry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import type { Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import { found, submitted, updateOf } from './history.testing.js';
import { ENTRIES_MIN } from './keep-snapshots.loop.js';
import { digestOf } from './partition-fold.loop.js';
import { openPartition, type Partition } from './partition.loop.js';
import { unpackSnapshot } from './snapshot-pack.loop.js';

const log = createLog('test', 'silent');
const notice: Fact = { kind: 'run.notice', runId: 'r', message: 'x', machine: 'm1' };

let directory: string;
let journal: Journal;
let clock: VirtualClock;
let partition: Partition;
let retry: Policy['retry'];
let stored: Uint8Array[];
let isStoreFull: boolean;
/** Resolves before each append to the journal. */
let room: Promise<void>;

async function open(): Promise<void> {
  const slow: Journal = {
    ...journal,
    append: async (entries) => {
      await room;
      await journal.append(entries);
    },
  };
  partition = await openPartition({
    ...{ journal: slow, clock, retry: () => retry, log },
    snapshots: {
      read: () => Promise.resolve(stored.at(-1)),
      write: (bytes) => {
        if (isStoreFull) return Promise.reject(new Error('no room'));
        stored.push(bytes);
        return Promise.resolve();
      },
      forget: () => {
        stored.length = 0;
        return Promise.resolve();
      },
    },
  });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-k-'));
  journal = await openSqliteJournal(join(directory, 'journal.db'));
  clock = new VirtualClock(1_000);
  [retry, stored, isStoreFull, room] = [defaultPolicy.retry, [], false, Promise.resolve()];
  await open();
});

afterEach(async () => {
  await partition.close();
  await journal.close();
  rmSync(directory, { recursive: true });
});

function append(count: number): Promise<void> {
  return partition.append(Array.from({ length: count }, () => notice));
}

async function takenIn(from = 1): Promise<Extract<Fact, { kind: 'snapshot.taken' }>[]> {
  const entries: StoredEntry[] = [];
  for (let at = from; at <= partition.head.sequence; at = from + entries.length) {
    entries.push(...(await journal.read(at, 1_000)));
  }
  return entries
    .map(({ body }) => JSON.parse(body) as Fact)
    .filter((fact) => fact.kind === 'snapshot.taken');
}

/** What is under way comes to its end; compressing is done by threads, which take real time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextRound();
}

/** Long enough for anything that is under way. */
async function settled(): Promise<void> {
  for (let round = 0; round < 200; round += 1) await nextRound();
}

test('after enough entries, at a moment in which nothing happens: said in the journal, and stored', async () => {
  await append(ENTRIES_MIN - 1);
  clock.advance(10_000);
  await settled();
  expect(stored).toEqual([]);
  await append(1);
  clock.advance(1_000);
  await until(() => stored.length === 1);
  const [bytes = new Uint8Array()] = stored;
  expect(await takenIn()).toEqual([
    {
      ...{ kind: 'snapshot.taken', sequence: ENTRIES_MIN },
      ...{ sha256: digestOf(bytes), sizeBytes: bytes.length },
    },
  ]);
  const { head, fold } = await unpackSnapshot(bytes, retry);
  expect([head.sequence, ...fold.worlds.keys()]).toEqual([ENTRIES_MIN, 'm1']);
});

test('one after the other, counted from the last one, also by whoever opened the journal from it', async () => {
  await append(ENTRIES_MIN);
  clock.advance(1_000);
  await until(() => stored.length === 1);
  await partition.close();
  await open();
  await append(ENTRIES_MIN - 2); // One entry was the snapshot's own.
  clock.advance(10_000);
  await settled();
  expect(stored).toHaveLength(1);
  await append(1);
  clock.advance(1_000);
  await until(() => stored.length === 2);
});

test('not while entries come, until there are too many', async () => {
  await append(ENTRIES_MIN);
  for (let count = ENTRIES_MIN; count < 4 * ENTRIES_MIN - 500; count += 500) {
    clock.advance(900);
    await append(500);
    await settled();
    expect(stored).toEqual([]);
  }
  await append(500);
  clock.advance(999);
  await until(() => stored.length === 1);
});

test('a long journal without one gets its first when it is opened', async () => {
  await append(ENTRIES_MIN);
  await partition.close();
  clock.advance(10_000);
  await settled();
  expect(stored).toEqual([]); // Not by whoever has closed it.
  await open();
  clock.advance(1_000);
  await until(() => stored.length === 1);
});

test('what the fleet said and is not durable yet is not in it: the next leader copies it', async () => {
  await partition.follow([{ sequence: 1, fact: submitted() }]);
  await append(ENTRIES_MIN);
  let makeRoom: () => void = () => undefined;
  room = new Promise((resolve) => {
    makeRoom = resolve;
  });
  const following = partition.follow([{ sequence: 2, fact: submitted('com.acme.other') }]);
  clock.advance(1_000);
  await settled();
  makeRoom();
  await following;
  await until(() => stored.length === 1);
  const { fold } = await unpackSnapshot(stored[0] ?? new Uint8Array(), retry);
  expect([fold.followed, fold.common.updaters.size]).toEqual([1, 1]);
});

test('a store that takes nothing is asked again after as many entries, and the journal goes on', async () => {
  isStoreFull = true;
  await append(ENTRIES_MIN);
  clock.advance(1_000);
  while ((await takenIn()).length === 0) await nextRound();
  isStoreFull = false;
  clock.advance(60_000);
  await settled();
  expect(stored).toEqual([]);
  await append(ENTRIES_MIN);
  clock.advance(1_000);
  await until(() => stored.length === 1);
});

test('whoever has lost the journal stores none', async () => {
  await append(ENTRIES_MIN);
  const broken = new Promise((resolve) => {
    partition.onBroken(resolve);
  });
  room = Promise.reject(new Error('written by another one'));
  room.catch(() => undefined);
  clock.advance(1_000);
  await broken;
  await settled();
  expect(stored).toEqual([]);
});

test('a policy that changed meanwhile: none, since reading everything would come to something else', async () => {
  await append(ENTRIES_MIN - 1);
  retry = { ...retry, failuresMax: 7 };
  await append(1);
  clock.advance(60_000);
  await settled();
  expect(stored).toEqual([]);
  await partition.close();
  await open();
  clock.advance(1_000);
  await until(() => stored.length === 1);
  expect(partition.ledgerOf('m1').world.updates.size).toBe(0);
  await partition.ledgerOf('m1').append([found([updateOf('a')])]);
});
