// What is durable, and cannot be folded or heard: it ends what is decided here, or only what whoever listens does.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Entry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import type { Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import { openEntryLog, type EntryLog } from './entry-log.loop.js';
import { emptyWorld, foldEntry } from './fold.js';
import { found, updateOf } from './history.testing.js';
import { openPartition } from './partition.loop.js';

const FATAL = 60;
const ERROR = 50;
/** As a fault of whoever wrote it would leave it. */
const unfoldable = { kind: 'updater.submitted' } as unknown as Fact;
const veto = { kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'w', untilMs: 9 } as const;

let directory: string;
let journal: Journal;
let clock: VirtualClock;
let said: { level: number; msg: string; sequence?: number; err?: { message: string } }[];
const log = pino(
  { level: 'warn' },
  { write: (line) => said.push(JSON.parse(line) as (typeof said)[number]) },
);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-e-'));
  journal = await openSqliteJournal(join(directory, 'journal.db'));
  clock = new VirtualClock();
  said = [];
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

function open(): Promise<EntryLog> {
  const world = emptyWorld();
  const fold = (entry: Entry): void => {
    foldEntry(world, entry, defaultPolicy.retry);
  };
  return openEntryLog({ journal, clock, fold, log });
}

function note(message: string): Fact {
  return { kind: 'run.notice', runId: 'r', message };
}

/** What a promise came to; "waits" when it came to nothing. */
async function fateOf(appended: Promise<void>): Promise<string> {
  const fate = appended.then(
    () => 'kept',
    (error: unknown) => (error as { code: string }).code,
  );
  const waits = new Promise<string>((resolve) => {
    setTimeout(resolve, 2_000, 'waits').unref();
  });
  return await Promise.race([fate, waits]);
}

test('what cannot be folded ends the journal: said, refused to all that wait, and taken from nobody any more (L3)', async () => {
  const entries = await open();
  const ends: Error[] = [];
  entries.onBroken((error) => ends.push(error));
  await entries.append([note('a')]);
  const late = [entries.append([unfoldable]), entries.append([note('b')]), entries.append([])];
  expect(await Promise.all(late.map(fateOf))).toEqual(late.map(() => 'NOT_FOLDED'));
  expect(await fateOf(entries.append([note('c')]))).toBe('NOT_FOLDED');
  expect(await fateOf(entries.appendRestraint(veto))).toBe('NOT_FOLDED');
  expect(entries.head.sequence).toBe(1);
  expect(ends).toMatchObject([{ code: 'NOT_FOLDED' }]);
  expect(said.filter(({ level }) => level === FATAL)).toMatchObject([
    {
      msg: expect.stringMatching(/nothing is started/) as unknown,
      err: {
        message: expect.stringMatching(/^entry 2 .*"updater\.submitted".*Report it/) as unknown,
      },
    },
  ]);
});

test('a journal with an entry that cannot be folded is not opened, and says which', async () => {
  const entries = await open();
  await entries.append([note('a'), unfoldable]).catch(() => undefined);
  await expect(open()).rejects.toMatchObject({
    code: 'NOT_FOLDED',
    message: expect.stringMatching(/^entry 2 of the journal \("updater\.submitted"\)/) as unknown,
  });
});

test('whoever listens and fails loses that entry alone: the others hear it, and the journal goes on', async () => {
  const entries = await open();
  const heard: number[] = [];
  entries.onEntry(({ sequence }) => {
    if (sequence === 1) throw new Error('a fault of whoever listens');
  });
  entries.onEntry(({ sequence }) => heard.push(sequence));
  expect(await fateOf(entries.append([note('a'), note('b')]))).toBe('kept');
  expect(await fateOf(entries.append([note('c')]))).toBe('kept');
  expect(heard).toEqual([1, 2, 3]);
  expect(said).toMatchObject([
    { level: ERROR, sequence: 1, err: { message: 'a fault of whoever listens' } },
  ]);
});

test('of a partition too: one machine whose listener fails keeps nothing from the others', async () => {
  const retry = () => defaultPolicy.retry;
  const partition = await openPartition({ journal, clock, retry, log });
  const heard: string[] = [];
  partition.ledgerOf('one').onEntry(() => {
    throw new Error('a fault of whoever listens');
  });
  partition.ledgerOf('other').onEntry(({ fact }) => heard.push(fact.kind));
  await partition.ledgerOf('one').append([found([updateOf('a')])]);
  expect(await fateOf(partition.append([veto]))).toBe('kept');
  expect(heard).toEqual(['veto.placed']);
  expect(said.map(({ level }) => level)).toEqual([ERROR, ERROR]);
});

test('what cannot be folded for one machine gives up the lead of its partition', async () => {
  const retry = () => defaultPolicy.retry;
  const partition = await openPartition({ journal, clock, retry, log });
  const lost = new Promise<Error>((resolve) => {
    partition.onBroken(resolve);
  });
  expect(await fateOf(partition.ledgerOf('one').append([unfoldable]))).toBe('NOT_FOLDED');
  expect(await lost).toMatchObject({ code: 'NOT_FOLDED' });
});
