// An orchestrator finds a journal that is, or is not, the one that it has seen.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { chainEntry, genesis, type Head } from './chain.js';
import { openSqliteJournal } from './sqlite.js';
import { openWitness, type Witness } from './witness.fs.js';

const log = createLog('test', 'silent');
let directory: string;
let count = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-w-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function witness(allowLossy = false): Promise<Witness> {
  return openWitness({ file: join(directory, 'seen.json'), allowLossy, log });
}

/** The file of a journal with these notices, and the head after each. */
async function journalOf(...notices: readonly string[]): Promise<[string, ...Head[]]> {
  count += 1;
  const file = join(directory, `journal-${String(count)}.db`);
  const journal = await openSqliteJournal(file);
  const heads: Head[] = [];
  for (const message of notices) {
    const fact = { kind: 'run.notice', runId: 'run-1', message } as const;
    const { sequence, atMs, body, hash } = chainEntry(heads.at(-1) ?? genesis, 1_000, fact);
    await journal.append([{ sequence, atMs, body, hash }]);
    heads.push({ sequence, hash });
  }
  await journal.close();
  return [file, ...heads];
}

async function outcome(by: Witness, file: string): Promise<string> {
  try {
    const journal = await by.confirmed('p0', () => openSqliteJournal(file));
    await journal.close();
    return 'taken';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('the first time any journal is taken', async () => {
  const [file] = await journalOf();
  const first = await witness();
  expect(first.hasSeen).toBe(false);
  expect(await outcome(first, file)).toBe('taken');
});

test('afterwards it is the one that was seen, or a longer one; also after a restart', async () => {
  const [, one] = await journalOf('a');
  const [longer, , , last] = await journalOf('a', 'b', 'c');
  if (one === undefined || last === undefined) throw new Error('no heads');
  const before = await witness();
  before.saw('p0', one);
  expect(await outcome(before, longer)).toBe('taken');
  before.saw('p0', last);
  before.saw('p0', one); // What is older is no news.
  await before.close();
  const after = await witness();
  expect(after.hasSeen).toBe(true);
  expect(await outcome(after, longer)).toBe('taken');
  expect(after.lost).toBeUndefined();
});

test.each([
  ['is empty', []],
  ['is an older copy', ['a']],
  ['is another one', ['x', 'y', 'z']],
])('one that %s is refused, in words that say what to do', async (_what, notices) => {
  const [whole, , last] = await journalOf('a', 'b');
  if (last === undefined) throw new Error('no head');
  const by = await witness();
  by.saw('p0', last);
  const [file] = await journalOf(...notices);
  expect(await outcome(by, file)).toBe('JOURNAL_LOST');
  expect(by.lost).toContain(join(directory, 'seen.json'));
  expect(await outcome(by, whole)).toBe('taken');
  expect(by.lost).toBeUndefined();
  await by.close();
});

test('who takes a server that may lose what it acknowledged goes on with what is left', async () => {
  const [, , last] = await journalOf('a', 'b');
  const [older] = await journalOf('a');
  if (last === undefined) throw new Error('no head');
  const by = await witness(true);
  by.saw('p0', last);
  expect(await outcome(by, older)).toBe('taken');
  await by.close();
});

test('a file that cannot be read stands for nothing', async () => {
  writeFileSync(join(directory, 'seen.json'), '{"p0":');
  await expect(witness()).rejects.toThrow('seen.json cannot be read');
});
