// The ledger over a real journal: what is durable, in which order, and what happens when it is not.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Entry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { ENTRY_BYTES_MAX } from '../journal/fact-size.js';
import { JournalError, type Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  perform,
  submitted,
  updateOf,
  UPDATER,
} from './history.testing.js';
import { verifyJournal } from './verify-journal.loop.js';
import { openLedger, type OwnLedger } from './ledger.loop.js';

const log = createLog('test', 'silent');
let directory: string;
let file: string;
let clock: VirtualClock;
let opened: Journal[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-l-'));
  file = join(directory, 'journal.db');
  clock = new VirtualClock();
  opened = [];
});

afterEach(async () => {
  for (const journal of opened) await journal.close();
  rmSync(directory, { recursive: true });
});

async function journalHere(): Promise<Journal> {
  const journal = await openSqliteJournal(file);
  opened.push(journal);
  return journal;
}

function ledgerOn(journal: Journal): Promise<OwnLedger> {
  return openLedger({ journal, clock, retry: () => defaultPolicy.retry, log });
}

/** The journal with every append handed to `before` first. */
function withAppends(journal: Journal, before: (count: number) => Promise<void>): Journal {
  return {
    append: async (entries) => {
      await before(entries.length);
      await journal.append(entries);
    },
    read: (from, count) => journal.read(from, count),
    head: () => journal.head(),
    close: () => journal.close(),
  };
}

function note(message: string): Fact {
  return { kind: 'run.notice', runId: 'r', message };
}

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function messages(entries: readonly { readonly body: string }[]): string[] {
  return entries.map(({ body }) => (JSON.parse(body) as { message: string }).message);
}

test('a policy that changes while it is open counts from the next failure on', async () => {
  let retry = defaultPolicy.retry;
  const ledger = await openLedger({ journal: await journalHere(), clock, retry: () => retry, log });
  const failing = (runId: string): Fact[] => [
    admitted(runId, perform(updateOf('a', { nextAction: 'install' }))),
    finished(runId, failure('APPLY_FAILED')),
  ];
  const waitMs = (): number => {
    const [state] = ledger.world.updates.values();
    return (state?.trials.notBeforeMs ?? 0) - clock.now().wallMs;
  };
  await ledger.append([submitted(), enabled(), found([updateOf('a')]), ...failing('r1')]);
  expect(waitMs()).toBe(retry.installMs);
  retry = { ...retry, installMs: 5_000 };
  expect(waitMs()).toBe(defaultPolicy.retry.installMs);
  await ledger.append(failing('r2'));
  expect(waitMs()).toBe(5_000);
});

test('a fact is in the world after its append, and again after a restart', async () => {
  const journal = await journalHere();
  const ledger = await ledgerOn(journal);
  await ledger.append([submitted(), enabled()]);
  expect(ledger.world.updaters.get(UPDATER)?.state).toBe('enabled');
  expect(ledger.head.sequence).toBe(2);
  await journal.close();
  const again = await ledgerOn(await journalHere());
  expect(again.world).toEqual(ledger.world);
  expect(again.head).toEqual(ledger.head);
});

test('nothing is in the world, or told, before it is durable (L1)', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const ledger = await ledgerOn(withAppends(await journalHere(), () => held));
  const heard: Entry[] = [];
  ledger.onEntry((entry) => heard.push(entry));
  const appended = ledger.append([submitted()]);
  await settle();
  expect(ledger.world.updaters.size).toBe(0);
  expect(heard).toEqual([]);
  expect(ledger.head.sequence).toBe(0);
  release();
  await appended;
  expect(ledger.world.updaters.size).toBe(1);
  expect(heard.map(({ sequence }) => sequence)).toEqual([1]);
});

test('many appends at once keep their order, and share transactions (L2)', async () => {
  const batches: number[] = [];
  const journal = await journalHere();
  const ledger = await ledgerOn(
    withAppends(journal, (count) => {
      batches.push(count);
      return Promise.resolve();
    }),
  );
  const told: string[] = [];
  const resolved: number[] = [];
  ledger.onEntry(({ fact }) => told.push(fact.kind === 'run.notice' ? fact.message : ''));
  const appends = Array.from({ length: 600 }, (_, n) =>
    ledger.append([note(`${String(n)}a`), note(`${String(n)}b`)]).then(() => resolved.push(n)),
  );
  await Promise.all(appends);
  const wanted = Array.from({ length: 600 }, (_, n) => [`${String(n)}a`, `${String(n)}b`]).flat();
  expect(messages(await ledger.read(1, 2_000))).toEqual(wanted);
  expect(told).toEqual(wanted);
  expect(resolved).toEqual(Array.from({ length: 600 }, (_, n) => n));
  expect(batches.length).toBeLessThan(10);
  expect(await ledger.verify()).toMatchObject({ kind: 'whole', head: { sequence: 1_200 } });
});

test('a listener that has left is told nothing more', async () => {
  const ledger = await ledgerOn(await journalHere());
  const heard: number[] = [];
  const stop = ledger.onEntry(({ sequence }) => heard.push(sequence));
  await ledger.append([note('a')]);
  stop();
  await ledger.append([note('b')]);
  expect(heard).toEqual([1]);
});

test('more waiting than it can bear is refused, and leaves no gap', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const ledger = await ledgerOn(withAppends(await journalHere(), () => held));
  const appends = Array.from({ length: 4_200 }, () =>
    ledger.append([note('x')]).then(
      () => 'kept',
      (error: unknown) => (error as { code: string }).code,
    ),
  );
  release();
  const results = await Promise.all(appends);
  expect(new Set(results)).toEqual(new Set(['kept', 'JOURNAL_BUSY']));
  await ledger.append([note('y')]);
  expect(await ledger.verify()).toMatchObject({ kind: 'whole' });
});

test('a fact that no journal holds is refused to whoever says it, and the next one is written', async () => {
  const ledger = await ledgerOn(await journalHere());
  const code = 'FACT_TOO_LARGE';
  const large = note('x'.repeat(ENTRY_BYTES_MAX));
  await expect(ledger.append([note('a'), large])).rejects.toMatchObject({ code });
  await ledger.append([note('b')]);
  expect(messages(await ledger.read(1, 10))).toEqual(['b']);
});

test('a fact that cannot be written leaves no gap', async () => {
  const ledger = await ledgerOn(await journalHere());
  const unwritable = { ...note(''), message: 1n } as unknown as Fact;
  await expect(ledger.append([note('a'), unwritable])).rejects.toThrow(TypeError);
  await ledger.append([note('b')]);
  expect(await ledger.verify()).toMatchObject({ kind: 'whole', head: { sequence: 1 } });
});

test('a full disk is waited for: nothing is lost, nothing is done meanwhile (T19)', async () => {
  let full = true;
  let tries = 0;
  const ledger = await ledgerOn(
    withAppends(await journalHere(), () => {
      tries += 1;
      return full
        ? Promise.reject(new JournalError('NO_SPACE', 'database or disk is full'))
        : Promise.resolve();
    }),
  );
  let done = false;
  const appended = Promise.all([ledger.append([note('a')]), ledger.append([note('b')])]).then(
    () => {
      done = true;
    },
  );
  for (let turn = 0; turn < 3; turn += 1) {
    await settle();
    clock.advance(2_000);
  }
  await settle();
  expect({ tries, done, head: ledger.head.sequence }).toEqual({ tries: 4, done: false, head: 0 });
  expect(ledger.isFull).toBe(true);
  full = false;
  clock.advance(2_000);
  await appended;
  expect(messages(await ledger.read(1, 10))).toEqual(['a', 'b']);
  expect(ledger.isFull).toBe(false);
});

test('what restrains has room in a queue that is full, and is in force before it is durable (L4)', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const ledger = await ledgerOn(withAppends(await journalHere(), () => held));
  const kept = Array.from({ length: 4_200 }, () => ledger.append([note('x')]).catch(() => 'no'));
  const veto = (n: number) =>
    ({ kind: 'veto.placed', vetoId: `v${String(n)}`, owner: 'o', why: 'w', untilMs: 9 }) as const;
  const recorded = ledger.impose(veto(0));
  expect([...ledger.inForce.vetoes.keys()]).toEqual(['v0']);
  expect(ledger.world.vetoes.size).toBe(0);
  const many = Array.from({ length: 300 }, (_, n) =>
    ledger.impose(veto(n + 1)).then(
      () => 'kept',
      (error: unknown) => (error as { code: string }).code,
    ),
  );
  release();
  await Promise.all(kept);
  await recorded;
  expect(new Set(await Promise.all(many))).toEqual(new Set(['kept', 'JOURNAL_BUSY']));
  expect(ledger.inForce).toBe(ledger.world);
  expect(ledger.world.vetoes.size).toBe(256);
});

test('when the journal has failed no later append succeeds (L3)', async () => {
  const journal = await journalHere();
  const ledger = await ledgerOn(journal);
  await ledger.append([note('ours')]);
  const other = await ledgerOn(await journalHere());
  await other.append([note('theirs')]);
  const late = [ledger.append([note('x')]), ledger.append([submitted()])];
  for (const each of late) await expect(each).rejects.toMatchObject({ code: 'SEQUENCE_TAKEN' });
  await expect(ledger.append([note('y')])).rejects.toMatchObject({ code: 'SEQUENCE_TAKEN' });
  expect(ledger.world.updaters.size).toBe(0);
  expect(messages(await other.read(1, 10))).toEqual(['ours', 'theirs']);
});

describe('a journal that somebody changed', () => {
  beforeEach(async () => {
    const journal = await journalHere();
    const ledger = await ledgerOn(journal);
    for (const message of ['a', 'b', 'c', 'd']) await ledger.append([note(message)]);
    await journal.close();
    expect(existsSync(file)).toBe(true);
  });

  function change(sql: string): void {
    const db = new Database(file);
    db.exec(sql);
    db.close();
  }

  test.each([
    [
      'a word',
      `UPDATE entries SET body = replace(body, '"c"', '"x"') WHERE sequence = 3`,
      /3 was altered/,
    ],
    ['an instant', 'UPDATE entries SET at_ms = at_ms - 1 WHERE sequence = 2', /2 was altered/],
    ['one entry less', 'DELETE FROM entries WHERE sequence = 2', /2 is missing/],
    [
      'two swapped',
      `UPDATE entries SET sequence = 9 WHERE sequence = 2; UPDATE entries SET sequence = 2
       WHERE sequence = 3; UPDATE entries SET sequence = 3 WHERE sequence = 9`,
      /2 was altered/,
    ],
  ])('%s: it is not opened, and says where', async (_what, sql, why) => {
    change(sql);
    await expect(ledgerOn(await journalHere())).rejects.toMatchObject({
      code: 'AUDIT_BROKEN',
      message: expect.stringMatching(why) as unknown,
    });
  });

  test('while it is open: verifying says where, also for a cut end', async () => {
    const ledger = await ledgerOn(await journalHere());
    expect(await ledger.verify()).toMatchObject({ kind: 'whole', head: { sequence: 4 } });
    change('DELETE FROM entries WHERE sequence = 4');
    expect(await ledger.verify()).toMatchObject({ kind: 'broken', atSequence: 4 });
    change(`UPDATE entries SET body = '{}' WHERE sequence = 1`);
    expect(await ledger.verify()).toMatchObject({ kind: 'broken', atSequence: 1 });
  });
});

test('a journal that is whole, and another one than was known, does not verify', async () => {
  const journal = await journalHere();
  const ledger = await ledgerOn(journal);
  await ledger.append([note('a'), note('b')]);
  const { head } = ledger;
  expect(await verifyJournal(journal, head)).toMatchObject({ kind: 'whole', head });
  const other = { sequence: 2, hash: 'f'.repeat(64) };
  expect(await verifyJournal(journal, other)).toMatchObject({ kind: 'broken', atSequence: 2 });
  expect(await verifyJournal(journal, { ...head, sequence: 3 })).toMatchObject({
    ...{ kind: 'broken', atSequence: 3, why: 'entry 3 is missing' },
  });
});
