// An install root behind a directory of an ordinary user: nothing is changed there as root, whatever is
// asked (T9).

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { treesOfFile } from '../trees/trees.testing.js';
import { removeTree } from './remove-tree.spawn.js';
import { openRig, type Rig } from './rig.testing.js';

const ALICE = 12_345;
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const trees = treesOfFile();
let rig: Rig;

beforeEach(async () => {
  rig = await openRig({ trees });
  await chmod(rig.dir, 0o755);
});

afterEach(async () => {
  await rig.close();
});

const refused = {
  code: 'GRANT_MISSING',
  message: expect.stringContaining('which belongs to user 12345') as unknown,
};

asRoot('a root in the directory of an ordinary user', () => {
  test('is not committed to', async () => {
    await rig.write(rig.root, { x: 'hers' });
    await chown(join(rig.dir, 'opt'), ALICE, ALICE);
    await expect(rig.commit('a', { x: 'new' })).rejects.toMatchObject(refused);
    expect(await rig.shown('x')).toBe('hers');
    expect(await readdir(join(rig.dir, 'opt'))).toEqual(['tools']);
  });

  test('is not reverted, undone or made whole either, once the directory was given away', async () => {
    const { id } = await rig.commit('a', { x: '1' });
    await rig.commit('b', { x: '2' });
    await mkdir(join(rig.versions, '9-of-hers.partial'));
    await chown(join(rig.dir, 'opt'), ALICE, ALICE);
    rig.restart();
    const again = rig.installer.revert({ run: rig.newRun('c'), root: 'tools' });
    await expect(again).rejects.toMatchObject(refused);
    const undo = { run: rig.newRun('d'), receiptId: id, path: rig.root };
    await expect(rig.installer.undo(undo)).rejects.toMatchObject(refused);
    await expect(rig.installer.recover(rig.root)).rejects.toMatchObject(refused);
    await rig.installer.recoverAll();
    expect(await rig.shown('x')).toBe('2');
    expect((await readdir(rig.versions)).includes('9-of-hers.partial')).toBe(true);
  });
});

asRoot('a directory of an ordinary user at the end of a way that is not hers', () => {
  test('is replaced, and the new version is hers', async () => {
    await rig.write(rig.root, { x: 'old' });
    await chown(rig.root, ALICE, ALICE);
    await rig.commit('a', { x: 'new' });
    expect(await rig.shown('x')).toBe('new');
    expect((await stat(rig.root)).uid).toBe(ALICE);
    expect((await lstat(rig.root)).uid).toBe(0);
    expect((await stat(rig.versions)).uid).toBe(0);
  });

  test('a versions’ directory that others may write is refused', async () => {
    await mkdir(rig.versions);
    await chmod(rig.versions, 0o777);
    await expect(rig.commit('a', { x: 'new' })).rejects.toMatchObject({ code: 'APPLY_FAILED' });
  });

  test('while it is removed she exchanges it for a link: what that leads to stays', async () => {
    const victim = join(rig.dir, 'victim');
    await mkdir(victim);
    for (let at = 0; at < 20; at += 1) {
      await writeFile(join(victim, `kept-${String(at)}`), '');
    }
    for (let round = 0; round < 8; round += 1) {
      const tree = join(rig.dir, 'opt', `tree-${String(round)}`);
      await mkdir(join(tree, 'sub'), { recursive: true });
      for (let at = 0; at < 100; at += 1) await writeFile(join(tree, 'sub', String(at)), '');
      await chown(tree, ALICE, ALICE);
      const racer = await startRacer(tree, victim);
      // What she undoes in the middle of it may keep it from being removed.
      await removeTree(tree).catch(() => undefined);
      const ended = once(racer, 'exit');
      racer.kill('SIGKILL');
      await ended;
      await rename(tree, `${tree}.seen`).catch(() => undefined);
    }
    expect(await readdir(victim)).toHaveLength(20);
  });
});

/** She takes a directory away and puts a link in its place, and back, as fast as it goes. */
async function startRacer(tree: string, victim: string): Promise<ChildProcess> {
  const program = `
    const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
    process.chdir(process.argv[1]);
    process.stdout.write('on');
    const attempt = (act) => { try { act(); } catch {} };
    for (;;) {
      attempt(() => renameSync('sub', 'away'));
      attempt(() => symlinkSync(process.argv[2], 'sub'));
      attempt(() => unlinkSync('sub'));
      attempt(() => renameSync('away', 'sub'));
    }`;
  const racer = spawn(process.execPath, ['-e', program, tree, victim], {
    ...{ uid: ALICE, gid: ALICE, env: {}, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  await once(racer.stdout, 'data');
  return racer;
}
