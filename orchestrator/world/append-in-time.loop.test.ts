// Somebody asks for what the journal has no room to permit.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import { JournalError, type Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { appendInTime } from './append-in-time.loop.js';
import { NOW_MS, submitted, trustingPolicy } from './history.testing.js';
import { openLedger, type Ledger } from './ledger.loop.js';

let directory: string;
let disk: Journal;
let clock: VirtualClock;
let ledger: Ledger;
let isFull: boolean;
/** What the log says, each as often as it says it. */
let said: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-at-'));
  clock = new VirtualClock(NOW_MS);
  [isFull, said] = [false, []];
  disk = await openSqliteJournal(join(directory, 'journal.db'));
  const journal: Journal = {
    ...disk,
    append: (entries) =>
      isFull ? Promise.reject(new JournalError('NO_SPACE', 'full')) : disk.append(entries),
  };
  const log = createLog('test', 'silent');
  const keep = (message: string): void => void said.push(message);
  Object.assign(log, { error: keep, warn: keep });
  ledger = await openLedger({ journal, clock, retry: () => trustingPolicy.retry, log });
});

afterEach(async () => {
  await disk.close();
  rmSync(directory, { recursive: true });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Asks, and lets the time pass that a caller waits at most. */
async function ask(fact: Fact): Promise<unknown> {
  let answered: unknown;
  void appendInTime({ ledger, clock }, [fact]).then(
    () => (answered = 'done'),
    (error: unknown) => (answered = error),
  );
  await settle();
  clock.advance(5_000);
  await settle();
  return answered;
}

test('on a disk with room it is done', async () => {
  await appendInTime({ ledger, clock }, [submitted()]);
  expect(ledger.head.sequence).toBe(1);
});

test('whoever finds the disk full hears that it comes to be when there is room, and it does', async () => {
  isFull = true;
  expect(await ask(submitted())).toMatchObject({
    reason: 'NO_SPACE',
    message:
      'the disk of the journal is full: it is written, and in force, as soon as there is room',
  });
  isFull = false;
  clock.advance(2_000);
  await until('the entry', () => ledger.head.sequence === 1);
});

test('whoever asks after that hears at once that nothing came of it', async () => {
  isFull = true;
  await ask(submitted());
  const later = appendInTime({ ledger, clock }, [submitted('com.acme.other')]);
  await expect(later).rejects.toMatchObject({
    reason: 'NO_SPACE',
    message: expect.stringContaining('nothing was changed. Make room'),
  });
  isFull = false;
  clock.advance(2_000);
  await until('the entry before', () => ledger.head.sequence === 1);
  expect(ledger.isFull).toBe(false);
  expect([...ledger.world.updaters.keys()]).not.toContain('com.acme.other');
});

test('the log says once that the disk is full, and once that it is not any more', async () => {
  isFull = true;
  await ask(submitted());
  for (let tries = 0; tries < 5; tries += 1) {
    clock.advance(2_000);
    await settle();
  }
  isFull = false;
  clock.advance(2_000);
  await until('the entry', () => ledger.head.sequence === 1);
  expect(said).toEqual([
    'the disk of the journal is full; nothing starts until there is space',
    'the disk of the journal has room again',
  ]);
});
