import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openRig, type Rig } from '../install/rig.testing.js';
import { treesOfFile } from './trees.testing.js';

const trees = treesOfFile();
let rig: Rig;

beforeEach(async () => {
  rig = await openRig({ trees });
});

afterEach(async () => {
  await rig.close();
});

describe('a staged tree is refused (T8, T9, T26)', () => {
  const asRoot = process.getuid?.() === 0 ? test : test.skip;

  async function refused(words: RegExp, run = rig.newRun('bad')): Promise<void> {
    await expect(
      rig.installer.commit({ run, root: 'tools', stagedPath: 'staged' }),
    ).rejects.toMatchObject({ code: 'FIELD_INVALID', message: expect.stringMatching(words) });
    await expect(lstat(rig.root)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(rig.versions).catch(() => [])).toEqual([]);
    expect(run.events).toEqual([]);
  }

  test.each([
    ['/etc/passwd', /x\/l is a link with an absolute target/],
    ['../../secret', /out of the tree/],
    ['..', undefined],
    ['../..', /out of the tree/],
    ['a/../../..', /goes up after it went down/],
  ])('a link to %s', async (target, words) => {
    const staged = await rig.stage({ 'x/file': '1' });
    await symlink(target, join(staged, 'x', 'l'));
    if (words !== undefined) return refused(words);
    await rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath: 'staged' });
  });

  test.each([
    [0o4755, /setuid/],
    [0o2755, /setgid/],
    [0o1644, /sticky/],
    [0o666, /by everybody/],
  ])('a file of mode %o', async (mode, words) => {
    const staged = await rig.stage({ f: '1' });
    await chmod(join(staged, 'f'), mode);
    await refused(words);
  });

  test('a directory that everybody can write', async () => {
    const staged = await rig.stage({ 'd/f': '1' });
    await chmod(join(staged, 'd'), 0o777);
    await refused(/d can be written by everybody/);
  });

  test('a pipe, and a socket', async () => {
    const staged = await rig.stage({});
    execFileSync('mkfifo', [join(staged, 'pipe')]);
    await refused(/pipe/);
    await rm(join(staged, 'pipe'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(staged, 's'), resolve));
    await refused(/socket/);
    await new Promise((resolve) => server.close(resolve));
  });

  asRoot('a device', async () => {
    const staged = await rig.stage({});
    execFileSync('mknod', [join(staged, 'null'), 'c', '1', '3']);
    await refused(/device/);
  });

  asRoot('a further name of a file that is somebody else’s', async () => {
    const staged = await rig.stage({});
    await writeFile(join(rig.dir, 'secret'), 'of root');
    await link(join(rig.dir, 'secret'), join(staged, 'f'));
    await chown(staged, 61_001, 61_001);
    await refused(/belongs to somebody else/, rig.newRun('bad', { uid: 61_001 }));
  });

  test('a name with a line break', async () => {
    await rig.stage({ 'a\nb': '1' });
    await refused(/unprintable/);
  });

  test('more bytes than the run may write', async () => {
    await rig.stage({ a: 'x'.repeat(600), b: 'x'.repeat(600) });
    await refused(
      /larger than/,
      rig.newRun('bad', {
        limits: {
          diskBytesMax: 1_000,
          criticalSMax: 0,
          previousVersions: 1,
          callsPerMinuteMax: 250,
        },
      }),
    );
  });

  test('directories that never end', async () => {
    const deep = Array.from({ length: 70 }, () => 'd').join('/');
    await rig.stage({ [`${deep}/f`]: '1' });
    await refused(/deeper than/);
  });

  test('what lies deeper than a path can be long', async () => {
    const staged = await rig.stage({});
    const dig = `for (let deep = 0; deep < 20; deep += 1) {
      require('fs').mkdirSync('d'.repeat(250), 0o755); process.chdir('d'.repeat(250)); }`;
    execFileSync(process.execPath, ['-e', dig], { cwd: staged });
    try {
      await refused(/is longer than a path can be/);
    } finally {
      execFileSync('rm', ['-rf', staged]);
    }
  });

  test.each(['', '.', '..', '/etc', '../work', 'a/../..', 'a//b', 'staged/', 'a\0b'])(
    'at the path %j',
    async (stagedPath) => {
      await rig.stage({ f: '1' });
      await expect(
        rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath }),
      ).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    },
  );

  test('below a link, or at one', async () => {
    await mkdir(join(rig.dir, 'outside', 'staged'), { recursive: true });
    await symlink(join(rig.dir, 'outside'), join(rig.dir, 'work', 'way'));
    for (const stagedPath of ['way/staged', 'way']) {
      await expect(
        rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath }),
      ).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    }
  });

  test('for a root that was not granted', async () => {
    await rig.stage({ f: '1' });
    await expect(
      rig.installer.commit({ run: rig.newRun('a'), root: 'other', stagedPath: 'staged' }),
    ).rejects.toMatchObject({ code: 'GRANT_MISSING' });
  });
});

const SETCAP = '/usr/sbin/setcap';
const GETCAP = '/usr/sbin/getcap';
const withCapabilities =
  process.getuid?.() === 0 && existsSync(SETCAP) && existsSync(GETCAP) ? test : test.skip;

withCapabilities('a capability of a staged file does not come along (T26)', async () => {
  const staged = await rig.stage({ 'bin/tool': '1', 'bin/same': '2' });
  await rig.installer.commit({ run: rig.newRun('a'), root: 'tools', stagedPath: 'staged' });
  for (const name of ['tool', 'same']) {
    execFileSync(SETCAP, ['cap_setuid=ep', join(staged, 'bin', name)]);
  }
  await writeFile(join(staged, 'lib'), '3');
  execFileSync(SETCAP, ['cap_setuid=ep', join(staged, 'lib')]);
  expect(execFileSync(GETCAP, ['-r', staged], { encoding: 'utf8' })).toContain('cap_setuid');
  await rig.installer.commit({ run: rig.newRun('b'), root: 'tools', stagedPath: 'staged' });
  expect(await rig.shown('lib')).toBe('3');
  expect(execFileSync(GETCAP, ['-r', `${rig.root}/`], { encoding: 'utf8' })).toBe('');
});

test('a directory that becomes a link while it is read leads nowhere (T9)', async () => {
  await mkdir(join(rig.dir, 'outside'));
  await writeFile(join(rig.dir, 'outside', 'secret'), 'secret');
  const staged = join(rig.dir, 'work', 'staged');
  const outcomes: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    await rig.stage({ 'd/a': '1', 'd/b': '2', 'd/secret': 'harmless' });
    const racing = { over: false };
    const committed = rig.installer
      .commit({ run: rig.newRun(`r${String(round)}`), root: 'tools', stagedPath: 'staged' })
      .then(
        async () => rig.shown('d/secret').catch(() => 'nothing'),
        () => 'refused',
      )
      .finally(() => {
        racing.over = true;
      });
    while (!racing.over) {
      await rename(join(staged, 'd'), join(staged, 'e'));
      await symlink('../../outside', join(staged, 'd'));
      await new Promise((resolve) => setImmediate(resolve));
      await rm(join(staged, 'd'));
      await rename(join(staged, 'e'), join(staged, 'd'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    outcomes.push(await committed);
  }
  expect(outcomes).not.toContain('secret');
  expect(outcomes).toContain('refused');
});
