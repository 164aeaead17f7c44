// What a run changes in a root that it may write: told, whatever ends the run.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { HostError } from '../channel/host-failure.js';
import type { RootChange } from '../channel/hosted-run.js';
import { testRun } from '../channel/hosted-run.testing.js';
import { newPass } from '../trees/pass.js';
import type { Trees } from '../trees/trees.loop.js';
import { treesAtOnce } from '../trees/at-once.testing.js';
import { treesOfFile } from '../trees/trees.testing.js';
import { openRootRecords, type RootRecords } from './root-record.fs.js';

const run = { runId: 'r', epoch: 7 };
let dir: string;
let root: string;
let records: RootRecords;
let told: { runId: string; epoch: number; change: RootChange }[];

const tell = (of: { runId: string; epoch: number }, change: RootChange): void => {
  told.push({ ...of, change });
};
const goesOn = newPass();
const trees = treesOfFile();

const recordsOf = (by: Trees): RootRecords =>
  openRootRecords({ dir: join(dir, 'records'), trees: by, log: createLog('test', 'silent') });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-records-'));
  root = join(dir, 'db');
  await mkdir(root);
  records = recordsOf(trees);
  told = [];
});

afterEach(() => rm(dir, { recursive: true }));

test('names of any letters, and more of them than are written in one go, are told with what became of them', async () => {
  const names = ['line\u2028break', 'next\u0085line', 'new\nline', 'kept'];
  for (let at = 0; at < 1_200; at += 1) names.push(`n-${String(at)}`);
  for (const name of names) await writeFile(join(root, name), 'before');
  await records.begin(run, [{ name: 'db', path: root }], goesOn);
  for (const name of names.slice(0, 3)) await rm(join(root, name));
  await writeFile(join(root, 'n-7'), 'after');
  await records.end('r', tell);
  expect(told).toHaveLength(1);
  const [{ change, ...of } = { change: undefined }] = told;
  expect(of).toEqual(run);
  expect(change?.problem).toBe('');
  expect(change?.changes.map(({ path }) => path)).toEqual([
    ...['line\u2028break', 'n-7', 'new\nline', 'next\u0085line'],
  ]);
  await records.heard(run, 'db');
  expect(await readdir(join(dir, 'records'))).toEqual([]);
});

test('what nobody has heard is told at the next start, as it was, and once it was heard no more', async () => {
  await records.begin(run, [{ name: 'db', path: root }], goesOn);
  await writeFile(join(root, 'x'), 'of the run');
  await records.end('r', tell);
  await records.end('r', tell); // Each process tells it once.
  expect(told).toHaveLength(1);
  // Its next attempt has a record of its own, which a crash leaves behind.
  const next = { ...run, epoch: 8 };
  await records.begin(next, [{ name: 'db', path: root }], goesOn);
  await writeFile(join(root, 'y'), 'of the next attempt');
  const changed = async (): Promise<string[]> => {
    told = [];
    await records.endAll(tell);
    return told
      .map(
        ({ epoch, change }) => `${String(epoch)} ${change.changes.map(({ path }) => path).join()}`,
      )
      .sort();
  };
  expect(await changed()).toEqual(['7 x', '8 y']);
  await records.heard(run, 'db');
  expect(await changed()).toEqual(['8 y']);
  await records.heard(next, 'db');
  expect(await changed()).toEqual([]);
});

test('holes without an end, which cost their updater nothing, keep no run from ending: told as not read (T20)', async () => {
  await records.begin(run, [{ name: 'db', path: root }], goesOn);
  await writeFile(join(root, 'hole'), 'x');
  await truncate(join(root, 'hole'), 2 ** 40);
  await records.end('r', tell);
  expect(told[0]?.change.problem).toMatch(/holes in its files/);
  expect(told[0]?.change.changes).toEqual([]);
});

test('a run that is frozen is listed no further, and then goes on', async () => {
  await writeFile(join(root, 'x'), 'x');
  const held = testRun({ workDir: dir, artifactsDir: dir });
  held.freeze();
  let isBegun = false;
  const beginning = records
    .begin(run, [{ name: 'db', path: root }], held.pass)
    .then(() => (isBegun = true));
  // What others ask for does not stand in line behind it.
  await records.begin({ ...run, runId: 'other' }, [{ name: 'db', path: root }], goesOn);
  expect(isBegun).toBe(false);
  held.thaw();
  await beginning;
});

test('a run that ends meanwhile is not taken for a root that cannot be read', async () => {
  await writeFile(join(root, 'x'), 'x');
  const held = testRun({ workDir: dir, artifactsDir: dir });
  held.end();
  const beginning = records.begin(run, [{ name: 'db', path: root }], held.pass);
  await expect(beginning).rejects.toMatchObject({ code: 'RUN_OVER' });
});

test('a run that is over before it could write tells nothing of what others change later', async () => {
  const other = join(dir, 'other');
  await mkdir(other);
  await writeFile(join(root, 'y'), 'y');
  await writeFile(join(other, 'y'), 'y');
  let asked = 0;
  const ending = recordsOf(
    treesAtOnce(() => {
      asked += 1;
      // In the second of the two, when the record of the first is on the disk.
      if (asked === 3) throw new HostError('RUN_OVER', 'the run is over');
    }),
  );
  const roots = [
    { name: 'db', path: root },
    { name: 'other', path: other },
  ];
  await expect(ending.begin(run, roots, goesOn)).rejects.toThrow('the run is over');
  expect(asked).toBe(3);
  await writeFile(join(root, 'x'), 'of another run');
  await records.endAll(tell);
  expect(told).toEqual([]);
});

test('what an older version of Lull wrote down is told as well', async () => {
  await mkdir(join(dir, 'records'));
  const entry = { kind: 'other', path: 'gone', mode: 0o600 };
  const stored = { ...run, root: { name: 'db', path: root }, before: { entries: [entry] } };
  await writeFile(join(dir, 'records', 'old-db.json'), JSON.stringify(stored));
  await records.endAll(tell);
  expect(told.map(({ change }) => change.changes.map(({ path }) => path))).toEqual([['gone']]);
});
