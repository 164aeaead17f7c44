// A partition that is opened from a snapshot, and from everything that only looks like one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import { JournalError, type Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import { found, NOW_MS, updateOf, UPDATER } from './history.testing.js';
import { emptyFold, foldInto } from './partition-fold.js';
import { digestOf, openFoldedJournal, type FoldedJournal } from './partition-fold.loop.js';
import { storyOf } from './partition-story.testing.js';
import { packSnapshot } from './snapshot-pack.loop.js';
import { frozen } from './snapshot.js';

const { retry } = defaultPolicy;
const log = createLog('test', 'silent');
const LATER: readonly Fact[] = [
  { ...found([updateOf('z')]), machine: 'm1' },
  { ...found([updateOf('y')]), machine: 'm9' },
];

let directory: string;
let journal: Journal;
/** Where each read of the journal began. */
let reads: number[];
let warned: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-s-'));
  journal = await openSqliteJournal(join(directory, 'journal.db'));
  reads = [];
  warned = [];
  jest.spyOn(log, 'warn').mockImplementation((about: unknown) => {
    warned.push((about as { why: string }).why);
  });
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
  jest.restoreAllMocks();
});

const never = (): Promise<void> => Promise.reject(new Error('nobody writes one here'));

function open(read?: () => Promise<Uint8Array | undefined>): Promise<FoldedJournal> {
  const seen: Journal = {
    ...journal,
    read: (from, count) => {
      reads.push(from);
      return journal.read(from, count);
    },
  };
  return openFoldedJournal({
    ...{ journal: seen, clock: new VirtualClock(NOW_MS), retry: () => retry, log },
    onFolded: () => undefined,
    ...(read === undefined ? {} : { snapshots: { read, write: never, forget: never } }),
  });
}

const story = storyOf(200, ['m1', 'm2', 'm3']);

/** A journal with a snapshot of its first entries, which it names, and more. @returns the snapshot. */
async function written(): Promise<Buffer> {
  await journal.append(story);
  const { entries, fold } = await open();
  const { head } = entries;
  const bytes = await packSnapshot({ head, fold: frozen(fold) });
  await entries.append([taken(head.sequence, bytes), ...LATER]);
  reads = [];
  return bytes;
}

function taken(sequence: number, bytes: Uint8Array): Fact {
  return { kind: 'snapshot.taken', sequence, sha256: digestOf(bytes), sizeBytes: bytes.length };
}

function change(bytes: Buffer, from: RegExp, to: string): Buffer {
  const text = gunzipSync(bytes).toString();
  if (!from.test(text)) throw new Error(`the snapshot has no ${String(from)}`);
  return gzipSync(text.replace(from, to));
}

/** It is as if there had never been a snapshot. */
async function expectWhole(opened: FoldedJournal): Promise<void> {
  const whole = await open();
  expect(opened.entries.head).toEqual(whole.entries.head);
  expect(opened.fold).toStrictEqual(whole.fold);
  expect(await opened.entries.verify()).toMatchObject({ kind: 'whole', head: whole.entries.head });
}

test('what came after a snapshot is all that is read, and the worlds are those of the whole journal', async () => {
  const bytes = await written();
  const opened = await open(() => Promise.resolve(bytes));
  expect(opened.snapshot.sequence).toBe(story.length);
  expect(Math.min(...reads)).toBe(story.length + 1);
  expect(warned).toEqual([]);
  await expectWhole(opened);
});

test('it goes on from there: what is appended follows, and an auditor reads from the first entry', async () => {
  const bytes = await written();
  const { entries, fold } = await open(() => Promise.resolve(bytes));
  await entries.append([{ ...found([updateOf('new')]), machine: 'm9' }]);
  expect([...(fold.worlds.get('m9')?.updates.keys() ?? [])]).toEqual([`${UPDATER} new`]);
  reads = [];
  expect(await entries.verify()).toMatchObject({ kind: 'whole', head: entries.head });
  expect(reads[0]).toBe(1);
});

test('without one it is read whole, and nothing is wrong', async () => {
  await written();
  const opened = await open(() => Promise.resolve(undefined));
  expect([opened.snapshot.sequence, reads[0], warned]).toEqual([0, 1, []]);
  await expectWhole(opened);
});

describe('is not used, as the log says, and everything is read, when a snapshot', () => {
  const cases: Record<string, [change: (bytes: Buffer) => Buffer, why: RegExp]> = {
    'is empty': [() => Buffer.alloc(0), /ends too early|damaged/],
    'is cut in the middle': [
      (bytes) => bytes.subarray(0, bytes.length >> 1),
      /damaged: unexpected end|cut/,
    ],
    'is not compressed': [(bytes) => gunzipSync(bytes), /damaged: incorrect header/],
    'has a byte that fell over': [
      (bytes) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8((changed.at(-6) ?? 0) ^ 1, changed.length - 6);
        return changed;
      },
      /damaged: incorrect/,
    ],
    'lacks its last machine': [
      (bytes) => change(bytes, /\["machine","m\d"[^\n]*\n$/, ''),
      /ends too early/,
    ],
    'is of another version of the fold': [
      (bytes) => change(bytes, /"foldVersion":\d+/, '"foldVersion":77'),
      /version 77 of the fold/,
    ],
    'was folded under another policy': [
      (bytes) => change(bytes, /"attemptsMax":5/, '"attemptsMax":6'),
      /another `retry`/,
    ],
    'is whole, and not the one that the journal names': [
      (bytes) => change(bytes, /"sequence":\d+,"epoch":\d+/, '"sequence":3,"epoch":99'),
      /names its digest/,
    ],
  };

  test.each(Object.entries(cases))('%s', async (_what, [changed, why]) => {
    const bytes = changed(await written());
    const opened = await open(() => Promise.resolve(bytes));
    expect(warned).toEqual([expect.stringMatching(why)]);
    expect(opened.snapshot.sequence).toBe(0);
    await expectWhole(opened);
  });

  test('is of a journal that went on where this one ends: the server came back with an older copy', async () => {
    const fold = emptyFold(retry);
    for (const entry of story) foldInto(fold, entry, retry);
    await journal.append(story.slice(0, 50));
    const { sequence, hash } = story.at(-1) ?? { sequence: 0, hash: '' };
    const bytes = await packSnapshot({ head: { sequence, hash }, fold });
    const opened = await open(() => Promise.resolve(bytes));
    expect(warned).toEqual(['it is of entry 200, and the journal ends with 50']);
    await expectWhole(opened);
  });

  test('is of another journal, that this one names all the same: the chain does not go on from it', async () => {
    await journal.append(story);
    const { entries, fold } = await open();
    const head = { sequence: 100, hash: 'f'.repeat(64) };
    const bytes = await packSnapshot({ head, fold: frozen(fold) });
    await entries.append([taken(head.sequence, bytes)]);
    const opened = await open(() => Promise.resolve(bytes));
    expect(warned).toEqual([expect.stringContaining('entry 101 was altered')]);
    await expectWhole(opened);
  });

  test('cannot be read', async () => {
    await written();
    const opened = await open(() => Promise.reject(new Error('no such stream')));
    expect(warned).toEqual(['no such stream']);
    await expectWhole(opened);
  });
});

test('a journal that cannot be read is not a fault of its snapshot', async () => {
  const bytes = await written();
  const lost = new JournalError('JOURNAL_LOST', 'gone');
  const broken: Journal = { ...journal, read: () => Promise.reject(lost) };
  const opening = openFoldedJournal({
    ...{ journal: broken, clock: new VirtualClock(NOW_MS), retry: () => retry, log },
    onFolded: () => undefined,
    snapshots: { read: () => Promise.resolve(bytes), write: never, forget: never },
  });
  await expect(opening).rejects.toBe(lost);
  expect(warned).toEqual([]);
});
