import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { chmod, lstat, readdir, readlink, stat, symlink, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../channel/host-failure.js';
import { summarize } from '../trees/tree.js';
import { treesAtOnce } from '../trees/at-once.testing.js';
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

describe('a commit', () => {
  test('makes a root that did not exist', async () => {
    const run = rig.newRun('a');
    const receipt = await rig.commit('a', { 'bin/x': 'one', 'lib/y': 'yy' }, run);
    expect(await rig.shown('bin/x')).toBe('one');
    expect((await lstat(rig.root)).isSymbolicLink()).toBe(true);
    expect((await stat(join(rig.root, 'bin/x'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(rig.root, 'lib/y'))).mode & 0o7777).toBe(0o644);
    expect(receipt).toMatchObject({ root: 'tools', fileCount: 2, sizeBytes: 5 });
    expect(receipt.treeBeforeSha256).toBe(summarize([]).sha256);
    expect(run.events).toEqual([
      expect.objectContaining({
        kind: 'installed',
        receiptId: receipt.id,
        path: rig.root,
        reverted: false,
        truncated: false,
        changes: [
          expect.objectContaining({ path: 'bin/x', beforeSha256: '', mode: 0o755 }),
          expect.objectContaining({ path: 'lib/y', beforeSha256: '', mode: 0o644 }),
        ],
      }),
    ]);
  });

  test('adopts what was there, and Revert brings it back', async () => {
    await rig.write(rig.root, { 'bin/x': 'old', 'only/old': 'o' });
    await chmod(rig.root, 0o750);
    const run = rig.newRun('a');
    const receipt = await rig.commit('a', { 'bin/x': 'new' }, run);
    expect(await rig.shown('bin/x')).toBe('new');
    expect((await stat(rig.root)).mode & 0o777).toBe(0o750);
    expect(await rig.versionNames()).toEqual(['0-adopted', expect.stringMatching(/^1-/)]);
    expect(run.events).toEqual([
      expect.objectContaining({
        changes: [
          expect.objectContaining({ path: 'bin/x' }),
          expect.objectContaining({ path: 'only/old', afterSha256: '' }),
        ],
      }),
    ]);
    const back = await rig.installer.revert({ run: rig.newRun('b'), root: 'tools' });
    expect(await rig.shown('bin/x')).toBe('old');
    expect(back.treeAfterSha256).toBe(receipt.treeBeforeSha256);
    expect(back.treeBeforeSha256).toBe(receipt.treeAfterSha256);
  });

  test('keeps the version before and no other', async () => {
    await rig.write(rig.root, { x: '0' });
    await rig.commit('a', { x: '1' });
    await rig.commit('b', { x: '2' });
    await rig.commit('c', { x: '3' });
    expect(await rig.versionNames()).toEqual([
      expect.stringMatching(/^2-/),
      expect.stringMatching(/^3-/),
    ]);
    await rig.installer.revert({ run: rig.newRun('d'), root: 'tools' });
    expect(await rig.shown('x')).toBe('2');
    await expect(
      rig.installer.revert({ run: rig.newRun('e'), root: 'tools' }),
    ).rejects.toMatchObject({
      code: 'NO_PREVIOUS',
    });
  });

  test('keeps as many before as policy says, and goes back through them one by one', async () => {
    const limits = { ...rig.newRun('any').limits, previousVersions: 2 };
    for (const x of ['1', '2', '3', '4']) {
      await rig.commit(`c${x}`, { x }, rig.newRun(`c${x}`, { limits }));
    }
    expect((await rig.versionNames()).map((name) => name[0])).toEqual(['2', '3', '4']);
    for (const x of ['3', '2']) {
      await rig.installer.revert({ run: rig.newRun(`r${x}`, { limits }), root: 'tools' });
      expect(await rig.shown('x')).toBe(x);
    }
    const more = rig.installer.revert({ run: rig.newRun('r1', { limits }), root: 'tools' });
    await expect(more).rejects.toMatchObject({ code: 'NO_PREVIOUS' });
    expect(await rig.shown('x')).toBe('2');
  });

  test('after a Revert, the next Revert does not bring back what was reverted', async () => {
    await rig.commit('a', { x: '1' });
    await rig.commit('b', { x: 'bad' });
    await rig.installer.revert({ run: rig.newRun('c'), root: 'tools' });
    await rig.commit('d', { x: '3' });
    await rig.installer.revert({ run: rig.newRun('e'), root: 'tools' });
    expect(await rig.shown('x')).toBe('1');
  });

  test('repeated with the same run, it answers the first receipt and changes nothing', async () => {
    const run = rig.newRun('a');
    const first = await rig.commit('a', { x: '1' }, run);
    const target = await readlink(rig.root);
    const again = await rig.commit('a', { x: 'other' }, run);
    expect(again).toEqual(first);
    expect(await readlink(rig.root)).toBe(target);
    expect(run.events).toHaveLength(1);
    // Another process knows it as well, and tells the audit once more.
    rig.restart();
    expect(await rig.commit('a', { x: 'other' }, run)).toEqual(first);
    expect(run.events).toHaveLength(2);
  });

  test('repeated after a Revert, it does not put the reverted version back', async () => {
    await rig.commit('a', { x: '1' });
    const second = await rig.commit('b', { x: '2' });
    await rig.installer.revert({ run: rig.newRun('c'), root: 'tools' });
    expect(await rig.commit('b', { x: '2' })).toEqual(second);
    expect(await rig.shown('x')).toBe('1');
  });

  test('two at once follow each other', async () => {
    await rig.stage({ x: '1' }, 'one');
    await rig.stage({ x: '2' }, 'two');
    await Promise.all([
      rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath: 'one' }),
      rig.installer.commit({ run: rig.newRun('b'), root: 'tools', stagedPath: 'two' }),
    ]);
    expect(await rig.shown('x')).toBe('2');
    expect(await rig.versionNames()).toHaveLength(2);
  });

  test('where the directory around the root is missing, it is named, and who makes it', async () => {
    const path = join(rig.dir, 'srv', 'apps', 'tools');
    const installRoots = [{ name: 'tools', path }];
    const grants = { ...rig.newRun('any').grants, installRoots };
    await expect(rig.commit('a', { x: '1' }, rig.newRun('a', { grants }))).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: `${join(rig.dir, 'srv', 'apps')} is not there, and ${path} cannot be installed: the operator of the machine has to make that directory`,
    });
    await mkdir(join(rig.dir, 'srv', 'apps'), { recursive: true });
    await rig.commit('b', { x: '1' }, rig.newRun('b', { grants }));
  });

  test('what did not change is not copied again', async () => {
    await rig.commit('a', { same: 'same', other: '1' });
    const before = await stat(join(rig.root, 'same'));
    await rig.commit('b', { same: 'same', other: '2' });
    expect((await stat(join(rig.root, 'same'))).ino).toBe(before.ino);
    expect(await rig.shown('other')).toBe('2');
  });

  test('a descriptor that the updater keeps does not reach what is installed', async () => {
    const staged = await rig.stage({ x: 'good' });
    await rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath: 'staged' });
    await writeFile(join(staged, 'x'), 'evil');
    expect(await rig.shown('x')).toBe('good');
  });

  test('links inside the tree are kept', async () => {
    const staged = await rig.stage({ 'lib/tool/cli.js': 'js' });
    await mkdir(join(staged, 'bin'));
    await symlink('../lib/tool/cli.js', join(staged, 'bin', 'tool'));
    await rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath: 'staged' });
    expect(await rig.shown('bin/tool')).toBe('js');
  });

  test('a frozen run copies nothing until it is thawed', async () => {
    const run = rig.newRun('a');
    await rig.stage({ x: '1' });
    run.freeze();
    const committed = rig.installer.commit({ run, root: 'tools', stagedPath: 'staged' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await readdir(join(rig.dir, 'opt'))).toEqual([]);
    run.thaw();
    await committed;
    expect(await rig.shown('x')).toBe('1');
  });

  test('a run that ends in the middle leaves nothing behind', async () => {
    const pieces: string[][] = [];
    const broken = await openRig({
      trees: treesAtOnce(() => {
        pieces.push(readdirSync(broken.versions));
        if (pieces.length === 6) throw new HostError('RUN_OVER', 'the run is over');
      }),
    });
    try {
      await broken.write(broken.root, { x: '0' });
      await expect(broken.commit('a', { a: '1', b: '2' })).rejects.toMatchObject({
        code: 'RUN_OVER',
      });
      expect(pieces.at(-1)).toEqual([expect.stringMatching(/\.partial$/)]);
      expect(await broken.shown('x')).toBe('0');
      expect(await readdir(broken.versions)).toEqual([]);
    } finally {
      await broken.close();
    }
  });
});

describe('a root that cannot be one', () => {
  test.each(['a file', 'a link of somebody else'])('%s', async (what) => {
    if (what === 'a file') await writeFile(rig.root, 'x');
    else await symlink('/usr', rig.root);
    await expect(rig.commit('a', { x: '1' })).rejects.toMatchObject({ code: 'APPLY_FAILED' });
    await expect(rig.installer.resolve(rig.root)).rejects.toMatchObject({ code: 'APPLY_FAILED' });
  });

  test('its versions’ directory is somebody else’s', async () => {
    await symlink('/usr', rig.versions);
    await expect(rig.commit('a', { x: '1' })).rejects.toMatchObject({ code: 'APPLY_FAILED' });
  });
});

test('recovery of a root that never was Lull’s leaves it alone', async () => {
  await rig.installer.recover(rig.root);
  await symlink('/usr', rig.root);
  await rig.installer.recover(rig.root);
  expect(await readlink(rig.root)).toBe('/usr');
  expect(await readdir(join(rig.dir, 'opt'))).toEqual(['tools']);
});

test('where a root leads to, for the sandbox', async () => {
  expect(await rig.installer.resolve(rig.root)).toBeUndefined();
  await rig.write(rig.root, { x: '0' });
  expect(await rig.installer.resolve(rig.root)).toBe(rig.root);
  await rig.commit('a', { x: '1' });
  expect(await rig.installer.resolve(rig.root)).toMatch(/\.tools\.lull\/1-[0-9a-f]{12}$/);
});
