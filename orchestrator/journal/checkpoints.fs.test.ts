// What an orchestrator signs of its journals, and that it signs no second history (T18).

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { genesis, type StoredEntry } from './chain.js';
import { checkpointsIn, type Checkpoints } from './checkpoints.fs.js';
import { after, headOf } from './entries.testing.js';
import { emptyTree, grown, rootOf } from './tree.js';

const entries = after(genesis, 9);
let directory: string;
let checkpoints: Checkpoints;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-checkpoints-'));
  checkpoints = checkpointsIn(join(directory, 'state'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function journalOf(stored: readonly StoredEntry[]) {
  return {
    read: (from: number, count: number) =>
      Promise.resolve(stored.slice(from - 1, from - 1 + count)),
  };
}

function sign(stored: readonly StoredEntry[]) {
  const root = rootOf(
    grown(
      emptyTree,
      stored.map(({ hash }) => hash),
    ),
  );
  return checkpoints.sign(journalOf(stored), { head: headOf(stored), root });
}

test('one key signs all of them, its owner alone reads it, and it is there after a restart', async () => {
  const first = await sign(entries.slice(0, 4));
  checkpoints = checkpointsIn(join(directory, 'state'));
  const [second, third] = await Promise.all([sign(entries), sign(entries)]);
  expect([second.key, third.note]).toEqual([first.key, second.note]);
  expect(first.note.split('\n').slice(0, 2)).toEqual([
    `lull.journal.v1/${entries[0]?.hash ?? ''}`,
    '4',
  ]);
  expect(statSync(join(directory, 'state/checkpoint-key.pem')).mode & 0o777).toBe(0o600);
});

test('a journal that goes on from what was signed has no problem, nor one that nobody signed', async () => {
  expect(await checkpoints.problem(journalOf(entries))).toBeUndefined();
  await sign(entries.slice(0, 4));
  expect(await checkpoints.problem(journalOf(entries))).toBeUndefined();
});

test('an older copy, and another end, lack what was signed, until an operator says that it is meant so', async () => {
  await sign(entries);
  const fewer = entries.slice(0, 5);
  const other = [...fewer, ...after({ ...headOf(fewer), hash: 'f'.repeat(64) }, 4)];
  for (const [copy, words] of [
    [fewer, 'entry 9 is missing'],
    [other, 'entry 9 is another one'],
  ] as const) {
    const problem = await checkpoints.problem(journalOf(copy));
    expect(problem).toMatchObject({
      atSequence: 9,
      why: expect.stringContaining(words) as unknown,
    });
    expect(problem?.why).toContain(join(directory, 'state/checkpoints.json'));
  }
  rmSync(join(directory, 'state/checkpoints.json'));
  expect(await checkpoints.problem(journalOf(fewer))).toBeUndefined();
});

test('what was signed of more is not forgotten for what is signed of less', async () => {
  await sign(entries);
  const file = join(directory, 'state/checkpoints.json');
  const kept = readFileSync(file, 'utf8');
  await sign(entries.slice(0, 4));
  expect(readFileSync(file, 'utf8')).toBe(kept);
});

test('a file that was damaged is told, and nothing is made up in its place', async () => {
  await sign(entries);
  writeFileSync(join(directory, 'state/checkpoints.json'), '{');
  await expect(checkpoints.problem(journalOf(entries))).rejects.toThrow();
});
