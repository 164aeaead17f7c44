// A staged tree that replaces some of a root: what else is there stays, and is nobody's to stage.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, lstat, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { openRig, type Rig } from '../install/rig.testing.js';
import { replace } from './replace.fs.js';
import { treesOfFile } from './trees.testing.js';

const trees = treesOfFile();
let rig: Rig;

beforeEach(async () => {
  rig = await openRig({ trees });
});

afterEach(async () => {
  await rig.close();
});

async function commit(
  runId: string,
  replacedPaths: readonly string[],
  files: Record<string, string>,
  run = rig.newRun(runId),
) {
  await rig.stage(files);
  return rig.installer.commit({ run, root: 'tools', stagedPath: 'staged', replacedPaths });
}

function filesBelow(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true }) as string[];
  const files = paths.filter((path) => statSync(join(root, path)).isFile()).sort();
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

test('what is named is replaced or goes, all else stays the same file, and the audit has what changed', async () => {
  await rig.commit('a', { 'lib/x/old': '1', 'lib/y': 'y', 'bin/gone': 'g', 'bin/y': 'b' });
  const kept = await stat(join(rig.root, 'lib/y'));
  const run = rig.newRun('b');
  const receipt = await commit('b', ['lib/x', 'bin/gone', 'bin/x'], { 'lib/x/new': '2' }, run);
  expect(filesBelow(rig.root)).toEqual({ 'lib/x/new': '2', 'lib/y': 'y', 'bin/y': 'b' });
  expect((await stat(join(rig.root, 'lib/y'))).ino).toBe(kept.ino);
  expect(receipt).toMatchObject({ fileCount: 3 });
  const [installed] = run.events;
  expect(installed?.kind === 'installed' && installed.changes.map(({ path }) => path)).toEqual([
    'bin/gone',
    'lib/x/new',
    'lib/x/old',
  ]);
  await rig.installer.revert({ run: rig.newRun('c'), root: 'tools' });
  expect(await rig.shown('lib/x/old')).toBe('1');
});

test('in whatever way trees and paths are mixed, it is as if the whole had been staged', async () => {
  const leaves = fc.subarray(['a', 'b', 'd/a', 'd/b', 'd/e/a', 'f/g/a']);
  const paths = fc.subarray(['a', 'b', 'd', 'd/a', 'd/e', 'f/g', 'h'], { minLength: 1 });
  const uid = process.getuid?.() ?? 0;
  const by = { owner: { uid, gid: uid }, uid, topMode: 0o755, bytesMax: 1e6 };
  let count = 0;
  await fc.assert(
    fc.asyncProperty(leaves, leaves, paths, async (base, staged, replaced) => {
      count += 1;
      const place = join(rig.dir, String(count));
      const isReplaced = (path: string): boolean =>
        replaced.some((each) => path === each || path.startsWith(`${each}/`));
      const of = (names: readonly string[], content: string) =>
        Object.fromEntries(names.map((path) => [path, `${content} of ${path}`]));
      const stays = of(
        base.filter((path) => !isReplaced(path)),
        'base',
      );
      const comes = of(staged.filter(isReplaced), 'staged');
      for (const [name, files] of Object.entries({
        ...{ base: of(base, 'base'), part: comes, whole: { ...stays, ...comes } },
      })) {
        await mkdir(join(place, name), { recursive: true });
        await rig.write(join(place, name), files);
      }
      const replacing = (path: string, replacedPaths: readonly string[]) =>
        replace(
          {
            ...{ ...by, replacedPaths, into: join(place, `${path}-made`) },
            shown: { path: join(place, 'base'), isOurs: count % 2 === 0 },
            staged: { workDir: place, path },
          },
          () => undefined,
        );
      const made = replacing('part', replaced);
      expect(filesBelow(join(place, 'part-made'))).toEqual({ ...stays, ...comes });
      expect(made).toEqual(replacing('whole', []));
    }),
    { numRuns: 50 },
  );
});

describe('a directory that was there before', () => {
  test('is copied: who has it open writes into nothing that is installed, and no bit of it comes along', async () => {
    await rig.write(rig.root, { 'bin/x': 'mine', lib: 'l' });
    await chmod(join(rig.root, 'bin/x'), 0o4777);
    await commit('a', ['share'], { 'share/y': 'y' });
    expect(filesBelow(rig.root)).toEqual({ 'bin/x': 'mine', lib: 'l', 'share/y': 'y' });
    expect((await stat(join(rig.root, 'bin/x'))).mode & 0o7777).toBe(0o755);
    await writeFile(join(rig.versions, '0-adopted', 'lib'), 'changed');
    expect(await rig.shown('lib')).toBe('l');
    await rig.installer.revert({ run: rig.newRun('b'), root: 'tools' });
    expect((await stat(join(rig.root, 'bin/x'))).mode & 0o7777).toBe(0o4777);
  });

  test('with what no version may hold it is refused, and is as it was (T8)', async () => {
    await rig.write(rig.root, { 'd/x': '1' });
    await symlink('/etc/passwd', join(rig.root, 'd', 'out'));
    await expect(commit('a', ['y'], { y: '2' })).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      message: expect.stringMatching(/d\/out is a link with an absolute target/),
    });
    await rm(join(rig.root, 'd', 'out'));
    execFileSync('mkfifo', [join(rig.root, 'd', 'pipe')]);
    await expect(commit('a', ['y'], { y: '2' })).rejects.toThrow(/d\/pipe is neither a file/);
    expect((await lstat(rig.root)).isDirectory()).toBe(true);
    // What is replaced may be anything.
    await commit('a', ['d/pipe', 'y'], { y: '2' });
    expect(filesBelow(rig.root)).toEqual({ 'd/x': '1', y: '2' });
  });
});

test('where nothing is there yet, what is staged is all of it', async () => {
  await commit('a', ['lib/x'], { 'lib/x/f': '1' });
  expect(filesBelow(rig.root)).toEqual({ 'lib/x/f': '1' });
});

describe('refused', () => {
  test.each<[string, readonly string[], Record<string, string>, RegExp]>([
    ['more than it says', ['a'], { a: '1', b: '2' }, /b is not among replaced_paths/],
    ['something beside, deeper', ['d/a'], { 'd/a': '1', 'd/b': '2' }, /d\/b is not among/],
    ['a file where the way leads on', ['f/x'], { 'f/x': '1' }, /f is no directory in the version/],
    ['a way out', ['../x'], {}, /not a plain relative path/],
    ['the root itself', [''], {}, /not a plain relative path/],
    ['too many', Array.from({ length: 1_001 }, (_, at) => String(at)), {}, /more than 1000/],
  ])('%s', async (_what, paths, files, words) => {
    await rig.commit('base', { f: 'a file' });
    const before = await rig.versionNames();
    await expect(commit('bad', paths, files)).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      message: expect.stringMatching(words),
    });
    expect(await rig.versionNames()).toEqual(before);
  });

  test('a setuid program beside what stays (T26)', async () => {
    await rig.commit('base', { keep: 'k' });
    const staged = await rig.stage({ 'bin/x': '1' });
    await chmod(join(staged, 'bin/x'), 0o4755);
    await mkdir(join(staged, 'empty'));
    const order = { root: 'tools', stagedPath: 'staged', replacedPaths: ['bin', 'empty'] };
    await expect(rig.installer.commit({ run: rig.newRun('bad'), ...order })).rejects.toThrow(
      /setuid/,
    );
  });
});
