// Where no root may lie (T1, T9).

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lchown, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groundProblem, requireDirect } from './ground.fs.js';

const asRoot = process.getuid?.() === 0 ? test : test.skip;
const UPDATER = 61_000;
let dir: string;

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'lull-ground-')));
  await mkdir(join(dir, 'state', 'catalog'), { recursive: true });
  await mkdir(join(dir, 'srv', 'app'), { recursive: true });
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

function problem(path: string): Promise<string | undefined> {
  return groundProblem(join(dir, path), { ownDirs: [join(dir, 'state')] });
}

test('a directory of its own is fine, also one that is not there yet', async () => {
  expect(await problem('srv/app')).toBeUndefined();
  expect(await problem('srv/app/new/deep')).toBeUndefined();
  expect(await problem('state-of-mine')).toBeUndefined();
});

test.each(['state', 'state/catalog', 'state/new', '.'])("%s is the host's own", async (path) => {
  expect(await problem(path)).toMatch(/is not apart from/);
});

test('a link to what is the host’s own is no way around it', async () => {
  await symlink(join(dir, 'state'), join(dir, 'srv', 'link'));
  expect(await problem('srv/link/catalog')).toMatch(/is not apart from/);
  expect(await problem('srv/link')).toMatch(/is not apart from/);
});

asRoot('where an updater may write, nothing of another is installed', async () => {
  await lchown(join(dir, 'srv', 'app'), UPDATER, UPDATER);
  expect(await problem('srv/app')).toBeUndefined();
  expect(await problem('srv/app/inner')).toMatch(/belongs to user 61000/);
});

asRoot('nor behind a link that an updater made', async () => {
  await lchown(join(dir, 'srv', 'app'), UPDATER, UPDATER);
  await mkdir(join(dir, 'etc'));
  await symlink(join(dir, 'etc'), join(dir, 'srv', 'app', 'way'));
  expect(await problem('srv/app/way/cron.d')).toMatch(/belongs to user 61000/);
  // A link of the operator's that leads there is no better.
  await symlink(join(dir, 'srv', 'app'), join(dir, 'operators'));
  expect(await problem('operators/inner')).toMatch(/belongs to user 61000/);
});

test('a root that an updater writes itself has to be there, and without a link on the way', async () => {
  const path = join(dir, 'srv', 'app');
  await requireDirect(path);
  await expect(requireDirect(join(path, 'new'))).rejects.toMatchObject({
    code: 'APPLY_FAILED',
    message: `${path}/new is not there: the operator of the machine has to make that directory`,
  });
  await symlink(path, join(dir, 'link'));
  await expect(requireDirect(join(dir, 'link'))).rejects.toMatchObject({
    code: 'APPLY_FAILED',
    message: expect.stringContaining('a link') as unknown,
  });
});
