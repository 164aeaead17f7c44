// The host takes back what an update committed, by its own receipt and without asking anybody.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  copyFile,
  cp,
  lstat,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRun } from '../channel/hosted-run.testing.js';
import { treesOfFile } from '../trees/trees.testing.js';
import { openRig, type Rig } from './rig.testing.js';

const trees = treesOfFile();
let rig: Rig;

beforeEach(async () => {
  rig = await openRig({ trees });
});

afterEach(async () => {
  await rig.close();
});

function undo(receiptId: string, run: TestRun = rig.newRun('undo')) {
  return rig.installer.undo({ run, receiptId, path: rig.root });
}

test('the version before is there again, and the audit is told', async () => {
  await rig.commit('a', { x: '1' });
  const { id, treeBeforeSha256, treeAfterSha256 } = await rig.commit('b', { x: '2' });
  const run = rig.newRun('undo');
  const receipt = await undo(id, run);
  expect(await rig.shown('x')).toBe('1');
  expect(receipt).toMatchObject({
    treeBeforeSha256: treeAfterSha256,
    treeAfterSha256: treeBeforeSha256,
  });
  expect(run.events).toMatchObject([
    { kind: 'installed', reverted: true, path: rig.root, changes: [{ path: 'x' }] },
  ]);
  expect(await undo(id, run)).toEqual(receipt);
  expect(run.events).toHaveLength(1);
});

test('what was a directory of somebody’s is that again, and what was not there is gone', async () => {
  const first = await rig.commit('a', { x: '1' });
  await undo(first.id);
  await expect(lstat(rig.root)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await rig.versionNames()).toEqual([]);
  await rig.write(rig.root, { x: 'mine' });
  const { id } = await rig.commit('b', { x: '2' });
  await undo(id, rig.newRun('again'));
  expect(await rig.shown('x')).toBe('mine');
});

test('what shows something else by now is left as it is', async () => {
  const first = await rig.commit('a', { x: '1' });
  await rig.commit('b', { x: '2' });
  const run = rig.newRun('undo');
  expect(await undo(first.id, run)).toBeUndefined();
  expect(await rig.shown('x')).toBe('2');
  expect(run.events).toEqual([]);
});

test('a Revert that its updater asks for afterwards goes no further back', async () => {
  const limits = { ...rig.newRun('any').limits, previousVersions: 3 };
  await rig.commit('a', { x: '1' }, rig.newRun('a', { limits }));
  await rig.commit('b', { x: '2' }, rig.newRun('b', { limits }));
  const { id } = await rig.commit('c', { x: '3' }, rig.newRun('c', { limits }));
  const undone = await undo(id, rig.newRun('undo', { limits }));
  const run = rig.newRun('rollback', { limits });
  expect(await rig.installer.revert({ run, root: 'tools' })).toEqual(undone);
  expect(await rig.shown('x')).toBe('2');
  // Once something was committed it is an ordinary Revert again.
  await rig.commit('d', { x: '4' }, rig.newRun('d', { limits }));
  for (const [index, x] of ['2', '1'].entries()) {
    const next = rig.newRun(`r${String(index)}`, { limits });
    await rig.installer.revert({ run: next, root: 'tools' });
    expect(await rig.shown('x')).toBe(x);
  }
});

test('a clock that was set back since the receipts before were written is no matter (T11)', async () => {
  const receipts = join(rig.versions, 'receipts');
  const daysOn = new Date(Date.now() + 30 * 86_400_000);
  await rig.commit('before', { x: '1' });
  const [one = ''] = await readdir(receipts);
  for (let at = 0; at < 70; at += 1) {
    const name = join(receipts, `${at.toString(16).padStart(32, '0')}.json`);
    await copyFile(join(receipts, one), name);
    await utimes(name, daysOn, daysOn);
  }
  const { id } = await rig.commit('now', { x: '2' });
  expect(await readdir(receipts)).toHaveLength(64);
  expect(await undo(id)).toBeDefined();
  expect(await rig.shown('x')).toBe('1');
});

test('a version before that is not kept, and a receipt that nobody knows, are said', async () => {
  await rig.commit('a', { x: '1' });
  const { id } = await rig.commit('b', { x: '2' });
  await expect(undo('f'.repeat(32))).rejects.toMatchObject({ code: 'NO_PREVIOUS' });
  await expect(undo('../../etc/passwd')).rejects.toMatchObject({ code: 'NO_PREVIOUS' });
  const [before = ''] = await rig.versionNames();
  await rm(join(rig.versions, before), { recursive: true });
  await expect(undo(id)).rejects.toMatchObject({ code: 'NO_PREVIOUS' });
  expect(await rig.shown('x')).toBe('2');
});

test('a Revert that a crash prevented is not finished once something else was committed since', async () => {
  const limits = { ...rig.newRun('any').limits, previousVersions: 3 };
  await rig.commit('a', { x: '1' }, rig.newRun('a', { limits }));
  await rig.commit('b', { x: '2' }, rig.newRun('b', { limits }));
  const [shows, kept] = [await readlink(rig.root), join(rig.dir, 'kept')];
  await cp(rig.versions, kept, { recursive: true, verbatimSymlinks: true });
  const run = rig.newRun('r', { limits });
  const { id } = await rig.installer.revert({ run, root: 'tools' });
  const file = join('receipts', `${id}.json`);
  const receipt = JSON.parse(await readFile(join(rig.versions, file), 'utf8')) as object;
  await rm(rig.versions, { recursive: true });
  await rename(kept, rig.versions);
  await rm(rig.root);
  await symlink(shows, rig.root);
  await writeFile(join(rig.versions, file), JSON.stringify({ ...receipt, done: false }));
  rig.restart();
  await rig.commit('c', { x: '3' }, rig.newRun('c', { limits }));
  await rig.installer.revert({ run: rig.newRun('r', { limits }), root: 'tools' });
  expect(await rig.shown('x')).toBe('2');
});

test.each(['before', 'after'])(
  'an undo that is cut right %s its swap is done when it is repeated, and told once',
  async (when) => {
    await rig.commit('a', { x: '1' });
    const { id } = await rig.commit('b', { x: '2' });
    const [shows, kept] = [await readlink(rig.root), join(rig.dir, 'kept')];
    await cp(rig.versions, kept, { recursive: true, verbatimSymlinks: true });
    const undone = await undo(id);
    const file = join(rig.versions, 'receipts', `${undone?.id ?? ''}.json`);
    const receipt = JSON.parse(await readFile(file, 'utf8')) as object;
    if (when === 'before') {
      await rm(rig.versions, { recursive: true });
      await rename(kept, rig.versions);
      await rm(rig.root);
      await symlink(shows, rig.root);
    }
    await writeFile(file, JSON.stringify({ ...receipt, done: false }));
    rig.restart();
    await rig.installer.recoverAll();
    expect(await rig.shown('x')).toBe(when === 'before' ? '2' : '1');
    const again = rig.newRun('undo');
    expect(await undo(id, again)).toEqual(undone);
    expect(await rig.shown('x')).toBe('1');
    expect(again.events).toHaveLength(1);
  },
);
