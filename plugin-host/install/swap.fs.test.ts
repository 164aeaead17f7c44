import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { watch } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { treesOfFile } from '../trees/trees.testing.js';
import { exchange } from './exchange.spawn.js';
import { openRig, type Rig } from './rig.testing.js';

const trees = treesOfFile();
let rig: Rig;

beforeEach(async () => {
  rig = await openRig({ trees });
});

afterEach(async () => {
  await rig.close();
});

describe('a crash, at each point', () => {
  /** Puts things as they are after the first commit of run "a" got so far. */
  async function crashed(point: string): Promise<void> {
    await rig.write(rig.root, { x: 'old' });
    await rig.commit('a', { x: 'new' });
    const [, version] = await rig.versionNames();
    const [receipt] = await readdir(join(rig.versions, 'receipts'));
    const receiptPath = join(rig.versions, 'receipts', receipt ?? '');
    const undone = { ...(JSON.parse(await readFile(receiptPath, 'utf8')) as object), done: false };
    const back = async (): Promise<void> => {
      await rm(rig.root);
      await rename(join(rig.versions, '0-adopted'), rig.root);
    };
    await writeFile(receiptPath, JSON.stringify(undone));
    switch (point) {
      case 'in the copy':
        await back();
        await rm(receiptPath);
        await rename(
          join(rig.versions, version ?? ''),
          join(rig.versions, `${version ?? ''}.partial`),
        );
        return;
      case 'after the copy':
        await back();
        await rm(receiptPath);
        return;
      case 'after the receipt':
        await back();
        return;
      case 'with the intent to adopt':
        await back();
        await writeFile(join(rig.versions, 'adopting'), rig.root);
        return;
      case 'between the two renames':
        await rm(rig.root);
        await writeFile(join(rig.versions, 'adopting'), rig.root);
        await symlink(`.tools.lull/${version ?? ''}`, join(rig.versions, 'next.partial'));
        return;
      case 'before the exchange':
        await back();
        await symlink(`.tools.lull/${version ?? ''}`, join(rig.versions, '0-adopted'));
        return;
      case 'after the renames':
        await writeFile(join(rig.versions, 'adopting'), rig.root);
        return;
      default:
        return;
    }
  }

  const points = [
    ['in the copy', 'old'],
    ['after the copy', 'old'],
    ['after the receipt', 'old'],
    ['with the intent to adopt', 'old'],
    ['before the exchange', 'old'],
    ['between the two renames', 'old'],
    ['after the renames', 'new'],
    ['after the swap', 'new'],
  ] as const;

  test.each(points)(
    '%s: recovery shows a whole version, the repeated commit completes',
    async (point, content) => {
      await crashed(point);
      rig.restart();
      // As at the start of the plugin-host: nobody asks for this root.
      await rig.installer.recoverAll();
      await rig.installer.recoverAll();
      expect(await rig.shown('x')).toBe(content);
      expect(
        (await readdir(rig.versions)).filter((name) => !/^\d+-\w+$|^receipts$/.test(name)),
      ).toEqual([]);
      const run = rig.newRun('a');
      const receipt = await rig.commit('a', { x: 'new' }, run);
      expect(await rig.shown('x')).toBe('new');
      expect(receipt.fileCount).toBe(1);
      expect(run.events).toHaveLength(1);
      await rig.installer.revert({ run: rig.newRun('z'), root: 'tools' });
      expect(await rig.shown('x')).toBe('old');
    },
  );

  test.each(points)(
    '%s: another run commits instead, and can be reverted',
    async (point, content) => {
      await crashed(point);
      rig.restart();
      await rig.commit('b', { x: 'newer' });
      expect(await rig.shown('x')).toBe('newer');
      expect(await rig.versionNames()).toHaveLength(2);
      await rig.installer.revert({ run: rig.newRun('z'), root: 'tools' });
      expect(await rig.shown('x')).toBe(content);
    },
  );
});

describe('a directory is adopted', () => {
  test('by one exchange, with the link lying where the directory is to go', async () => {
    const seen: string[][] = [];
    await rig.close();
    rig = await openRig({
      trees,
      exchange: async (one, other) => {
        const kinds = async (): Promise<string[]> =>
          (await Promise.all([lstat(one), lstat(other)])).map((stat) =>
            stat.isSymbolicLink() ? 'link' : 'directory',
          );
        seen.push(await kinds());
        const done = await exchange(one, other);
        seen.push(await kinds());
        return done;
      },
    });
    await rig.write(rig.root, { x: 'old' });
    await rig.commit('a', { x: 'new' });
    expect(seen).toEqual([
      ['directory', 'link'],
      ['link', 'directory'],
    ]);
    expect(await rig.shown('x')).toBe('new');
  });

  test.each([
    ['where the machine cannot', false],
    ['where the answer is lost', true],
  ])('%s exchange: with the same end', async (_where, made) => {
    await rig.close();
    rig = await openRig({
      trees,
      exchange: async (one, other) => {
        if (made) await exchange(one, other);
        return false;
      },
    });
    await rig.write(rig.root, { x: 'old' });
    await rig.commit('a', { x: 'new' });
    expect(await rig.shown('x')).toBe('new');
    expect(await rig.versionNames()).toEqual(['0-adopted', expect.stringMatching(/^1-/)]);
    await rig.installer.revert({ run: rig.newRun('z'), root: 'tools' });
    expect(await rig.shown('x')).toBe('old');
  });
});

test('a version is removed under another name: what a crash leaves of it is never gone back to', async () => {
  const limits = { ...rig.newRun('any').limits, previousVersions: 3 };
  for (const x of ['1', '2', '3']) {
    await rig.commit(`c${x}`, { x, y: x }, rig.newRun(`c${x}`, { limits }));
  }
  // A crash in the middle of it, as far as it can be seen: one file less, and no such version.
  const doomed: string[] = [];
  const watching = watch(rig.versions, (_event, name) => void doomed.push(String(name)));
  await rig.commit('c4', { x: '4', y: '4' });
  watching.close();
  expect(doomed.filter((name) => /^[12]-.*\.partial$/.test(name))).not.toEqual([]);
  expect((await rig.versionNames()).map((name) => name[0])).toEqual(['3', '4']);
  const [third = ''] = await rig.versionNames();
  await rename(join(rig.versions, third), join(rig.versions, `${third}.partial`));
  await rm(join(rig.versions, `${third}.partial`, 'y'));
  rig.restart();
  await rig.installer.recoverAll();
  await expect(
    rig.installer.revert({ run: rig.newRun('z', { limits }), root: 'tools' }),
  ).rejects.toMatchObject({ code: 'NO_PREVIOUS' });
  expect(await rig.shown('y')).toBe('4');
});

test('a disk that is full after the swap: what is shown is told, and its receipt is settled later', async () => {
  let blocked = '';
  const full = await openRig({
    trees,
    // In the instant after the swap the file that would say that it is done cannot be written.
    exchange: async (one, other) => {
      const done = await exchange(one, other);
      const [receipt = ''] = await readdir(join(full.versions, 'receipts'));
      blocked = join(full.versions, 'receipts', `${receipt}.partial`);
      await mkdir(blocked);
      return done;
    },
  });
  try {
    await full.write(full.root, { x: 'old' });
    const run = full.newRun('a');
    const { id } = await full.commit('a', { x: 'new' }, run);
    expect(await full.shown('x')).toBe('new');
    expect(run.events).toMatchObject([{ kind: 'installed', receiptId: id, reverted: false }]);

    // As full as before: what is there can be launched all the same.
    full.restart();
    await full.installer.recover(full.root);
    await expect(full.commit('b', { x: 'newer' })).rejects.toMatchObject({ code: 'APPLY_FAILED' });
    expect(await full.shown('x')).toBe('new');

    await rm(blocked, { recursive: true });
    expect((await full.commit('a', { x: 'new' })).id).toBe(id);
    await full.commit('b', { x: 'newer' });
    expect(await full.shown('x')).toBe('newer');
  } finally {
    await full.close();
  }
});
