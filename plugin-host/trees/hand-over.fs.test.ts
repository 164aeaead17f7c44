import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handOver } from './hand-over.fs.js';

const UID = 61_007;
const goesOn = (): void => undefined;
const asRoot = process.getuid?.() === 0 ? test : test.skip;
let root: string;
let outside: string;

beforeEach(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lull-root-'));
  [root, outside] = [join(dir, 'db'), join(dir, 'outside')];
  await mkdir(join(root, 'info'), { recursive: true });
  await writeFile(join(root, 'info', 'list'), 'x');
  await writeFile(outside, 'somebody’s');
});

afterEach(async () => {
  await rm(join(root, '..'), { recursive: true });
});

async function uids(...paths: string[]): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await lstat(path)).uid));
}

asRoot('everything in it is the updater’s, and what its links lead to is not', async () => {
  await symlink(outside, join(root, 'out'));
  handOver({ path: root, uid: UID }, goesOn);
  handOver({ path: root, uid: UID }, goesOn);
  const all = [root, join(root, 'info'), join(root, 'info', 'list'), join(root, 'out'), outside];
  expect(await uids(...all)).toEqual([UID, UID, UID, UID, 0]);
});

asRoot.each<[string, () => Promise<unknown>]>([
  ['a setuid program', () => chmod(join(root, 'info', 'list'), 0o4755)],
  ['a file of somebody else', () => chown(join(root, 'info', 'list'), 1_000, 1_000)],
  ['a further name of a file outside', () => link(outside, join(root, 'shadow'))],
  ['a directory of somebody else', () => chown(root, 1_000, 1_000)],
])('%s is not handed over, and nothing beside it', async (_what, put) => {
  await put();
  const before = await uids(root, join(root, 'info'), outside);
  expect(() => {
    handOver({ path: root, uid: UID }, goesOn);
  }).toThrow(expect.objectContaining({ code: 'APPLY_FAILED' }));
  expect(await uids(root, join(root, 'info'), outside)).toEqual(before);
});
