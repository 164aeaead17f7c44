// What a snapshot passes over is verified all the same, later.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextRound } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Head } from '../journal/chain.js';
import { JournalError, type Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import { verifyBehind } from './behind-snapshot.loop.js';
import { digestOf, type SnapshotStore } from './partition-fold.loop.js';
import { emptyFold, foldInto } from './partition-fold.js';
import { openPartition, type Partition } from './partition.loop.js';
import { storyOf } from './partition-story.testing.js';
import { packSnapshot } from './snapshot-pack.loop.js';

const { retry } = defaultPolicy;
const log = createLog('test', 'silent');
const story = storyOf(1_200, ['m1', 'm2']);

let directory: string;
let journal: Journal;
let clock: VirtualClock;
let stored: Uint8Array | undefined;
/** Somebody has changed the file since. */
let altered: number | undefined;
let reads: number[];
let pendingCount: number;
let readFails: boolean;

const store: SnapshotStore = {
  read: () => Promise.resolve(stored),
  write: () => Promise.reject(new Error('there is no need for one')),
  forget: () => {
    stored = undefined;
    return Promise.resolve();
  },
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-b-'));
  const file = await openSqliteJournal(join(directory, 'journal.db'));
  [clock, altered, reads, readFails] = [new VirtualClock(1_000), undefined, [], false];
  pendingCount = 0;
  journal = {
    ...file,
    read: async (from, count) => {
      reads.push(from);
      if (readFails) throw new JournalError('JOURNAL_BROKEN', 'out of reach');
      pendingCount += 1;
      const page = await file.read(from, count);
      pendingCount -= 1;
      return page.map((each) => (each.sequence === altered ? { ...each, body: '{}' } : each));
    },
  };
  await journal.append(story);
  const fold = emptyFold(retry);
  for (const entry of story) foldInto(fold, entry, retry);
  const partition = await openPartition({ journal, clock, retry: () => retry, log });
  const { head } = partition;
  stored = await packSnapshot({ head, fold });
  const { length: sizeBytes } = stored;
  const { sequence } = head;
  await partition.append([
    { kind: 'snapshot.taken', sequence, sha256: digestOf(stored), sizeBytes },
  ]);
  reads = [];
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

const open = (): Promise<Partition> =>
  openPartition({ journal, clock, retry: () => retry, snapshots: store, log });

/** Lets so many seconds pass, and what comes due in each come to its end. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1_000);
    while (pendingCount > 0) await nextRound();
    await nextRound();
  }
}

test('page by page, once a second, up to where the snapshot begins, and then no more', async () => {
  const partition = await open();
  expect(Math.min(...reads)).toBe(story.length + 1);
  reads = [];
  await pass(60);
  expect(reads).toEqual([1, 501, 1_001]);
  await partition.close();
});

test('an entry that was altered: the partition is not led any more, and nobody can open it', async () => {
  altered = 700;
  const partition = await open();
  const broken = new Promise<Error>((resolve) => {
    partition.onBroken(resolve);
  });
  await pass(2);
  expect((await broken).message).toContain('entry 700 was altered');
  expect(stored).toBeUndefined();
  await partition.close();
  await expect(open()).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
});

test('a journal that is out of reach for a while is not broken; it goes on where it was', async () => {
  const partition = await open();
  reads = [];
  await pass(1);
  readFails = true;
  await pass(3);
  readFails = false;
  await pass(10);
  expect(reads).toEqual([1, 501, 501, 501, 501, 1_001]);
  await partition.close();
});

test('it ends with whoever leads', async () => {
  const partition = await open();
  reads = [];
  await pass(1);
  await partition.close();
  await pass(10);
  expect(reads).toEqual([1]);
});

test('a snapshot of more than there is: what is missing is named', async () => {
  const snapshot: Head = { sequence: 1_300, hash: 'f'.repeat(64) };
  const broken = new Promise<Error>((resolve) => {
    verifyBehind({ journal, store, snapshot, clock, log, onBroken: resolve });
  });
  await pass(4);
  expect((await broken).message).toContain('entry 1202 is missing');
});
