// Whoever has a say on the way to a root could lead the host, which is root, to any place (T9).

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, chown, lchown, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wayProblem } from './way.fs.js';

const ALICE = 12_345;
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
let dir: string;

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'lull-way-')));
  for (const each of ['srv/app', 'home/alice/tools', 'shared']) {
    await mkdir(join(dir, each), { recursive: true });
  }
  await chmod(join(dir, 'shared'), 0o1777);
});

afterEach(() => rm(dir, { recursive: true }));

const at = (path: string): string => join(dir, path);
const problem = (path: string): Promise<string | undefined> => wayProblem(at(path));

test('a way of our own is good, below /tmp as well, and where it ends before the root', async () => {
  expect(await problem('srv/app')).toBeUndefined();
  expect(await problem('srv/not/there/yet')).toBeUndefined();
});

test('a link of our own is followed', async () => {
  await symlink('srv/../srv', at('link'));
  expect(await problem('link/app')).toBeUndefined();
  await symlink(at('shared'), at('out'));
  expect(await problem('out/app')).toMatch(/shared\/app, which is not there yet/);
});

test('links in a circle are told', async () => {
  await symlink('b', at('a'));
  await symlink('a', at('b'));
  await expect(problem('a/app')).rejects.toMatchObject({ code: 'APPLY_FAILED' });
});

test.each([
  [0o777, /srv, which can be written by everybody/],
  [0o1777, /srv\/new, which is not there yet and can be made by everybody/],
])('a directory of mode %o is no place for what is not there', async (mode, words) => {
  await chmod(at('srv'), mode);
  expect(await problem('srv/new')).toMatch(words);
});

asRoot('where a person has a say', () => {
  test('a directory in her home is not installed to by root', async () => {
    await chown(at('home/alice'), ALICE, ALICE);
    expect(await problem('home/alice/tools')).toMatch(
      /lies behind .*\/home\/alice, which belongs to user 12345/,
    );
    expect(await problem('home/alice/tools/deep/er')).toMatch(/belongs to user 12345/);
  });

  test('her own directory at the end of a way that is not hers is replaced by one rename', async () => {
    await chown(at('srv/app'), ALICE, ALICE);
    expect(await problem('srv/app')).toBeUndefined();
  });

  test('what a link leads to is judged, not the text of the path', async () => {
    await chown(at('home/alice'), ALICE, ALICE);
    await symlink(at('home/alice'), at('apps'));
    expect(await problem('apps/tools')).toMatch(/home\/alice, which belongs to user 12345/);
  });

  test('so is every link between, also where its end is the system’s', async () => {
    await chown(at('home/alice'), ALICE, ALICE);
    await symlink(at('srv'), at('home/alice/way'));
    await symlink(at('home/alice/way'), at('apps'));
    // The text and the real path are root's alone.
    expect(await realpath(at('apps/app'))).toBe(at('srv/app'));
    expect(await problem('apps/app')).toMatch(/home\/alice, which belongs to user 12345/);
  });

  test('her link in a directory where everybody may make names', async () => {
    await symlink(at('srv'), at('shared/way'));
    await lchown(at('shared/way'), ALICE, ALICE);
    expect(await problem('shared/way/app')).toMatch(/shared\/way, which belongs to user 12345/);
  });

  test('her directory there, at the end of the way, or not yet there', async () => {
    await mkdir(at('shared/ours'));
    expect(await problem('shared/ours')).toBeUndefined();
    expect(await problem('shared/ours/app')).toBeUndefined();
    await chown(at('shared/ours'), ALICE, ALICE);
    expect(await problem('shared/ours')).toMatch(/belongs to user 12345/);
    expect(await problem('shared/new')).toMatch(/not there yet/);
  });

  test('a directory that a group of hers may write', async () => {
    await chown(at('srv'), 0, ALICE);
    expect(await problem('srv/app')).toBeUndefined();
    await chmod(at('srv'), 0o775);
    expect(await problem('srv/app')).toMatch(/srv, which can be written by group 12345/);
  });
});
