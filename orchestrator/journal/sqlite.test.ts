// The journal on a real file, by a real thread.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import { genesis, verifyChain, type StoredEntry } from './chain.js';
import { after, allIn, codeOf, headOf } from './entries.testing.js';
import type { Journal } from './journal.js';
import { openSqliteJournal } from './sqlite.js';

let directory: string;
let file: string;
let opened: Journal[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-j-'));
  file = join(directory, 'journal.db');
  opened = [];
});

afterEach(async () => {
  for (const journal of opened) await journal.close();
  rmSync(directory, { recursive: true });
});

async function open(path = file): Promise<Journal> {
  const journal = await openSqliteJournal(path);
  opened.push(journal);
  return journal;
}

test('a new journal is empty; what was appended is found in order, also after reopening', async () => {
  const journal = await open();
  expect(await journal.head()).toEqual(genesis);
  const entries = after(genesis, 5, 'ünï "quoted" \u0001');
  await journal.append(entries.slice(0, 2));
  await journal.append(entries.slice(2));
  expect(await journal.read(1, 100)).toEqual(entries);
  expect(await journal.read(3, 2)).toEqual(entries.slice(2, 4));
  expect(await journal.read(6, 10)).toEqual([]);
  await journal.close();
  const again = await open();
  expect(await again.head()).toEqual(headOf(entries));
  expect(verifyChain(genesis, await again.read(1, 100))).toMatchObject({ kind: 'whole' });
});

test('of large entries no more are read in one go than about a megabyte, and one at least', async () => {
  const journal = await open();
  const large = after(genesis, 40, 'x'.repeat(100_000));
  await journal.append(large);
  const page = await journal.read(3, 1_000);
  expect(page.map(({ sequence }) => sequence)).toEqual(page.map((_, n) => 3 + n));
  expect(page.length).toBeGreaterThan(5);
  expect(page.length).toBeLessThan(15);
});

test('appends that are not awaited are stored in the order of the calls (J1)', async () => {
  const journal = await open();
  const entries = after(genesis, 200);
  await Promise.all(entries.map((entry) => journal.append([entry])));
  expect(await journal.read(1, 1_000)).toEqual(entries);
});

test('what was acknowledged is in the file for another reader at once, and on the disk', async () => {
  const journal = await open();
  const entries = after(genesis, 3);
  await journal.append(entries);
  const other = new Database(file, { readonly: true });
  try {
    expect(other.prepare('SELECT count(*) AS count FROM entries').get()).toMatchObject({
      count: 3,
    });
    expect(other.pragma('journal_mode')).toMatchObject([{ journal_mode: 'wal' }]);
  } finally {
    other.close();
  }
});

test('an append is stored whole or not at all', async () => {
  const journal = await open();
  const [one, two, three] = after(genesis, 3) as [StoredEntry, StoredEntry, StoredEntry];
  await journal.append([one]);
  expect(await codeOf(journal.append([two, three, one]))).toBe('SEQUENCE_TAKEN');
  await journal.close();
  expect(await (await open()).read(1, 10)).toEqual([one]);
});

test('of two writers the one that comes late has lost the journal for good (J2)', async () => {
  const [ours, theirs] = [await open(), await open()];
  const won = after(genesis, 2, 'ours');
  await ours.append(won);
  const lost = after(genesis, 3, 'theirs');
  expect(await codeOf(theirs.append(lost.slice(0, 1)))).toBe('SEQUENCE_TAKEN');
  // Even what would fit by its number: it was chained to entries that were never written.
  expect(await codeOf(theirs.append(lost.slice(2)))).toBe('SEQUENCE_TAKEN');
  expect(await codeOf(theirs.read(1, 10))).toBe('SEQUENCE_TAKEN');
  await theirs.close();
  await ours.append(after(headOf(won), 1, 'ours'));
  expect(await ours.read(1, 10)).toHaveLength(3);
});

describe('closing', () => {
  test('waits for what is on its way, is idempotent, and nothing is taken afterwards', async () => {
    const journal = await open();
    const entries = after(genesis, 1);
    const storing = journal.append(entries);
    const closing = journal.close();
    await Promise.all([storing, closing, journal.close()]);
    expect(await codeOf(journal.append(after(headOf(entries), 1)))).toBe('JOURNAL_BROKEN');
    expect(await (await open()).head()).toEqual(headOf(entries));
  });
});

describe('a file that is no journal', () => {
  test.each([
    [
      'a directory',
      () => {
        mkdirSync(file);
      },
    ],
    [
      'something else',
      () => {
        writeFileSync(file, 'no database at all, '.repeat(500));
      },
    ],
    [
      'in a directory that is not there',
      () => {
        file = join(directory, 'no', 'journal.db');
      },
    ],
  ])('%s is refused in words', async (_what, make) => {
    make();
    await expect(open()).rejects.toMatchObject({
      code: 'JOURNAL_BROKEN',
      message: expect.stringMatching(/\w+ \w+/) as unknown,
    });
  });
});

/** The reason why no small file system can be had here, or undefined. */
function whyNoMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to mount a small file system';
  const at = mkdtempSync(join(tmpdir(), 'lull-m-'));
  try {
    mountSmall(at);
    execFileSync('umount', [at]);
    return undefined;
  } catch (error) {
    return `cannot mount a small file system: ${(error as Error).message}`;
  } finally {
    rmSync(at, { recursive: true });
  }
}

function mountSmall(at: string): void {
  const options = ['-t', 'tmpfs', '-o', 'size=1m', 'lull-test', at];
  execFileSync('mount', options, { stdio: 'pipe' });
}

const missing = whyNoMount();
const describeHere = missing === undefined ? describe : describe.skip;

describeHere(`on a full disk${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let mount: string;

  beforeEach(() => {
    mount = join(directory, 'm');
    mkdirSync(mount);
    mountSmall(mount);
  });

  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close();
    execFileSync('umount', [mount]);
  });

  test('an append says so, leaves nothing behind, and works once there is space (T19)', async () => {
    const journal = await open(join(mount, 'journal.db'));
    const kept = after(genesis, 1);
    await journal.append(kept);
    const ballast = join(mount, 'ballast');
    expect(() => {
      writeFileSync(ballast, Buffer.alloc(2_000_000));
    }).toThrow('ENOSPC');
    const next = after(headOf(kept), 20, 'x'.repeat(10_000));
    expect(await codeOf(journal.append(next))).toBe('NO_SPACE');
    expect(await codeOf(journal.append(next))).toBe('NO_SPACE');
    expect(await allIn(journal)).toEqual(kept);
    rmSync(ballast);
    await journal.append(next);
    expect(await allIn(journal)).toEqual([...kept, ...next]);
  });
});
