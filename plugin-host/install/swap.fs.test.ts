import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRig, type Rig } from './rig.testing.js';

let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
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
    ['between the two renames', 'old'],
    ['after the renames', 'new'],
    ['after the swap', 'new'],
  ] as const;

  test.each(points)(
    '%s: recovery shows a whole version, the repeated commit completes',
    async (point, content) => {
      await crashed(point);
      rig.restart();
      await rig.installer.recover(rig.root);
      await rig.installer.recover(rig.root);
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
