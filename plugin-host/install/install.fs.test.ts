import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { createInstaller, type Installer } from './install.fs.js';
import { summarize } from './tree.js';

let dir: string;
let root: string;
let versions: string;
let installer: Installer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-install-'));
  root = join(dir, 'opt', 'tools');
  versions = join(dir, 'opt', '.tools.lull');
  await mkdir(join(dir, 'opt'));
  await mkdir(join(dir, 'work'));
  installer = createInstaller({ log: createLog('test', 'silent') });
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

function newRun(runId: string, changes: Partial<TestRun> = {}): TestRun {
  return testRun({
    runId,
    workDir: join(dir, 'work'),
    artifactsDir: dir,
    grants: { installRoots: [{ name: 'tools', path: root }], egress: [], fetchPrefixes: [] },
    ...changes,
  });
}

async function write(base: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), content, { mode: path.startsWith('bin/') ? 0o750 : 0o664 });
  }
}

async function stage(files: Record<string, string>, name = 'staged'): Promise<string> {
  const path = join(dir, 'work', name);
  await rm(path, { recursive: true, force: true });
  await mkdir(path);
  await write(path, files);
  return path;
}

/** Commits these files in a run of their own. */
async function commit(runId: string, files: Record<string, string>, run = newRun(runId)) {
  await stage(files);
  return installer.commit({ run, root: 'tools', stagedPath: 'staged' });
}

async function shown(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

async function versionNames(): Promise<string[]> {
  return (await readdir(versions)).filter((name) => /^\d/.test(name)).sort();
}

describe('a commit', () => {
  test('makes a root that did not exist', async () => {
    const run = newRun('a');
    const receipt = await commit('a', { 'bin/x': 'one', 'lib/y': 'yy' }, run);
    expect(await shown('bin/x')).toBe('one');
    expect((await lstat(root)).isSymbolicLink()).toBe(true);
    expect((await stat(join(root, 'bin/x'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(root, 'lib/y'))).mode & 0o7777).toBe(0o644);
    expect(receipt).toMatchObject({ root: 'tools', fileCount: 2, sizeBytes: 5 });
    expect(receipt.treeBeforeSha256).toBe(summarize([]).sha256);
    expect(run.events).toEqual([
      expect.objectContaining({
        kind: 'installed',
        receiptId: receipt.id,
        path: root,
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
    await write(root, { 'bin/x': 'old', 'only/old': 'o' });
    await chmod(root, 0o750);
    const run = newRun('a');
    const receipt = await commit('a', { 'bin/x': 'new' }, run);
    expect(await shown('bin/x')).toBe('new');
    expect((await stat(root)).mode & 0o777).toBe(0o750);
    expect(await versionNames()).toEqual(['0-adopted', expect.stringMatching(/^1-/)]);
    expect(run.events).toEqual([
      expect.objectContaining({
        changes: [
          expect.objectContaining({ path: 'bin/x' }),
          expect.objectContaining({ path: 'only/old', afterSha256: '' }),
        ],
      }),
    ]);
    const back = await installer.revert({ run: newRun('b'), root: 'tools' });
    expect(await shown('bin/x')).toBe('old');
    expect(back.treeAfterSha256).toBe(receipt.treeBeforeSha256);
    expect(back.treeBeforeSha256).toBe(receipt.treeAfterSha256);
  });

  test('keeps the version before and no other', async () => {
    await write(root, { x: '0' });
    await commit('a', { x: '1' });
    await commit('b', { x: '2' });
    await commit('c', { x: '3' });
    expect(await versionNames()).toEqual([
      expect.stringMatching(/^2-/),
      expect.stringMatching(/^3-/),
    ]);
    await installer.revert({ run: newRun('d'), root: 'tools' });
    expect(await shown('x')).toBe('2');
    await expect(installer.revert({ run: newRun('e'), root: 'tools' })).rejects.toMatchObject({
      code: 'NO_PREVIOUS',
    });
  });

  test('after a Revert, the next Revert does not bring back what was reverted', async () => {
    await commit('a', { x: '1' });
    await commit('b', { x: 'bad' });
    await installer.revert({ run: newRun('c'), root: 'tools' });
    await commit('d', { x: '3' });
    await installer.revert({ run: newRun('e'), root: 'tools' });
    expect(await shown('x')).toBe('1');
  });

  test('repeated with the same run, it answers the first receipt and changes nothing', async () => {
    const run = newRun('a');
    const first = await commit('a', { x: '1' }, run);
    const target = await readlink(root);
    const again = await commit('a', { x: 'other' }, run);
    expect(again).toEqual(first);
    expect(await readlink(root)).toBe(target);
    expect(run.events).toHaveLength(1);
    // Another process knows it as well, and tells the audit once more.
    installer = createInstaller({ log: createLog('test', 'silent') });
    expect(await commit('a', { x: 'other' }, run)).toEqual(first);
    expect(run.events).toHaveLength(2);
  });

  test('repeated after a Revert, it does not put the reverted version back', async () => {
    await commit('a', { x: '1' });
    const second = await commit('b', { x: '2' });
    await installer.revert({ run: newRun('c'), root: 'tools' });
    expect(await commit('b', { x: '2' })).toEqual(second);
    expect(await shown('x')).toBe('1');
  });

  test('two at once follow each other', async () => {
    await stage({ x: '1' }, 'one');
    await stage({ x: '2' }, 'two');
    await Promise.all([
      installer.commit({ run: newRun('a'), root: 'tools', stagedPath: 'one' }),
      installer.commit({ run: newRun('b'), root: 'tools', stagedPath: 'two' }),
    ]);
    expect(await shown('x')).toBe('2');
    expect(await versionNames()).toHaveLength(2);
  });

  test('what did not change is not copied again', async () => {
    await commit('a', { same: 'same', other: '1' });
    const before = await stat(join(root, 'same'));
    await commit('b', { same: 'same', other: '2' });
    expect((await stat(join(root, 'same'))).ino).toBe(before.ino);
    expect(await shown('other')).toBe('2');
  });

  test('a descriptor that the updater keeps does not reach what is installed', async () => {
    const staged = await stage({ x: 'good' });
    await installer.commit({ run: newRun('a'), root: 'tools', stagedPath: 'staged' });
    await writeFile(join(staged, 'x'), 'evil');
    expect(await shown('x')).toBe('good');
  });

  test('links inside the tree are kept', async () => {
    const staged = await stage({ 'lib/tool/cli.js': 'js' });
    await mkdir(join(staged, 'bin'));
    await symlink('../lib/tool/cli.js', join(staged, 'bin', 'tool'));
    await installer.commit({ run: newRun('a'), root: 'tools', stagedPath: 'staged' });
    expect(await shown('bin/tool')).toBe('js');
  });

  test('a frozen run copies nothing until it is thawed', async () => {
    const run = newRun('a');
    await stage({ x: '1' });
    run.freeze();
    const committed = installer.commit({ run, root: 'tools', stagedPath: 'staged' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await readdir(join(dir, 'opt'))).toEqual([]);
    run.thaw();
    await committed;
    expect(await shown('x')).toBe('1');
  });

  test('a run that ends in the middle leaves nothing behind', async () => {
    await write(root, { x: '0' });
    const staged = await stage({ a: '1', b: '2' });
    let asked = 0;
    const base = newRun('a');
    const run: TestRun = {
      ...base,
      thawed: () => {
        asked += 1;
        if (asked === 6) base.end();
        return base.thawed();
      },
    };
    await expect(
      installer.commit({ run, root: 'tools', stagedPath: 'staged' }),
    ).rejects.toMatchObject({ code: 'RUN_OVER' });
    expect(staged).not.toBe('');
    expect(await shown('x')).toBe('0');
    expect(await readdir(versions)).toEqual([]);
  });
});

describe('a staged tree is refused (T8, T9, T26)', () => {
  const asRoot = process.getuid?.() === 0 ? test : test.skip;

  async function refused(words: RegExp, run = newRun('bad')): Promise<void> {
    await expect(
      installer.commit({ run, root: 'tools', stagedPath: 'staged' }),
    ).rejects.toMatchObject({ code: 'FIELD_INVALID', message: expect.stringMatching(words) });
    await expect(lstat(root)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(versions).catch(() => [])).toEqual([]);
    expect(run.events).toEqual([]);
  }

  test.each([
    ['/etc/passwd', /x\/l is a link with an absolute target/],
    ['../../secret', /out of the tree/],
    ['..', undefined],
    ['../..', /out of the tree/],
    ['a/../../..', /goes up after it went down/],
  ])('a link to %s', async (target, words) => {
    const staged = await stage({ 'x/file': '1' });
    await symlink(target, join(staged, 'x', 'l'));
    if (words !== undefined) return refused(words);
    await installer.commit({ run: newRun('a'), root: 'tools', stagedPath: 'staged' });
  });

  test.each([
    [0o4755, /setuid/],
    [0o2755, /setgid/],
    [0o1644, /sticky/],
    [0o666, /by everybody/],
  ])('a file of mode %o', async (mode, words) => {
    const staged = await stage({ f: '1' });
    await chmod(join(staged, 'f'), mode);
    await refused(words);
  });

  test('a directory that everybody can write', async () => {
    const staged = await stage({ 'd/f': '1' });
    await chmod(join(staged, 'd'), 0o777);
    await refused(/d can be written by everybody/);
  });

  test('a pipe, and a socket', async () => {
    const staged = await stage({});
    execFileSync('mkfifo', [join(staged, 'pipe')]);
    await refused(/pipe/);
    await rm(join(staged, 'pipe'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(staged, 's'), resolve));
    await refused(/socket/);
    await new Promise((resolve) => server.close(resolve));
  });

  asRoot('a device', async () => {
    const staged = await stage({});
    execFileSync('mknod', [join(staged, 'null'), 'c', '1', '3']);
    await refused(/device/);
  });

  asRoot('a further name of a file that is somebody else’s', async () => {
    const staged = await stage({});
    await writeFile(join(dir, 'secret'), 'of root');
    await link(join(dir, 'secret'), join(staged, 'f'));
    await chown(staged, 61_001, 61_001);
    await refused(/belongs to somebody else/, newRun('bad', { uid: 61_001 }));
  });

  test('a name with a line break', async () => {
    await stage({ 'a\nb': '1' });
    await refused(/unprintable/);
  });

  test('more bytes than the run may write', async () => {
    await stage({ a: 'x'.repeat(600), b: 'x'.repeat(600) });
    await refused(
      /larger than/,
      newRun('bad', { limits: { diskBytesMax: 1_000, criticalSMax: 0 } }),
    );
  });

  test('directories that never end', async () => {
    const deep = Array.from({ length: 70 }, () => 'd').join('/');
    await stage({ [`${deep}/f`]: '1' });
    await refused(/deeper than/);
  });

  test.each(['', '.', '..', '/etc', '../work', 'a/../..', 'a//b', 'staged/', 'a\0b'])(
    'at the path %j',
    async (stagedPath) => {
      await stage({ f: '1' });
      await expect(
        installer.commit({ run: newRun('a'), root: 'tools', stagedPath }),
      ).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    },
  );

  test('below a link, or at one', async () => {
    await mkdir(join(dir, 'outside', 'staged'), { recursive: true });
    await symlink(join(dir, 'outside'), join(dir, 'work', 'way'));
    for (const stagedPath of ['way/staged', 'way']) {
      await expect(
        installer.commit({ run: newRun('a'), root: 'tools', stagedPath }),
      ).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    }
  });

  test('for a root that was not granted', async () => {
    await stage({ f: '1' });
    await expect(
      installer.commit({ run: newRun('a'), root: 'other', stagedPath: 'staged' }),
    ).rejects.toMatchObject({ code: 'GRANT_MISSING' });
  });
});

test('a directory that becomes a link while it is read leads nowhere (T9)', async () => {
  await mkdir(join(dir, 'outside'));
  await writeFile(join(dir, 'outside', 'secret'), 'secret');
  const staged = join(dir, 'work', 'staged');
  const outcomes: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    await stage({ 'd/a': '1', 'd/b': '2', 'd/secret': 'harmless' });
    const racing = { over: false };
    const committed = installer
      .commit({ run: newRun(`r${String(round)}`), root: 'tools', stagedPath: 'staged' })
      .then(
        async () => shown('d/secret').catch(() => 'nothing'),
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

describe('a crash, at each point', () => {
  /** Puts things as they are after the first commit of run "a" got so far. */
  async function crashed(point: string): Promise<void> {
    await write(root, { x: 'old' });
    await commit('a', { x: 'new' });
    const [, version] = await versionNames();
    const [receipt] = await readdir(join(versions, 'receipts'));
    const receiptPath = join(versions, 'receipts', receipt ?? '');
    const undone = { ...(JSON.parse(await readFile(receiptPath, 'utf8')) as object), done: false };
    const back = async (): Promise<void> => {
      await rm(root);
      await rename(join(versions, '0-adopted'), root);
    };
    await writeFile(receiptPath, JSON.stringify(undone));
    switch (point) {
      case 'in the copy':
        await back();
        await rm(receiptPath);
        await rename(join(versions, version ?? ''), join(versions, `${version ?? ''}.partial`));
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
        await writeFile(join(versions, 'adopting'), root);
        return;
      case 'between the two renames':
        await rm(root);
        await writeFile(join(versions, 'adopting'), root);
        await symlink(`.tools.lull/${version ?? ''}`, join(versions, 'next.partial'));
        return;
      case 'after the renames':
        await writeFile(join(versions, 'adopting'), root);
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
      installer = createInstaller({ log: createLog('test', 'silent') });
      await installer.recover(root);
      await installer.recover(root);
      expect(await shown('x')).toBe(content);
      expect(
        (await readdir(versions)).filter((name) => !/^\d+-\w+$|^receipts$/.test(name)),
      ).toEqual([]);
      const run = newRun('a');
      const receipt = await commit('a', { x: 'new' }, run);
      expect(await shown('x')).toBe('new');
      expect(receipt.fileCount).toBe(1);
      expect(run.events).toHaveLength(1);
      await installer.revert({ run: newRun('z'), root: 'tools' });
      expect(await shown('x')).toBe('old');
    },
  );

  test.each(points)(
    '%s: another run commits instead, and can be reverted',
    async (point, content) => {
      await crashed(point);
      installer = createInstaller({ log: createLog('test', 'silent') });
      await commit('b', { x: 'newer' });
      expect(await shown('x')).toBe('newer');
      expect(await versionNames()).toHaveLength(2);
      await installer.revert({ run: newRun('z'), root: 'tools' });
      expect(await shown('x')).toBe(content);
    },
  );
});

describe('a root that cannot be one', () => {
  test.each(['a file', 'a link of somebody else'])('%s', async (what) => {
    if (what === 'a file') await writeFile(root, 'x');
    else await symlink('/usr', root);
    await expect(commit('a', { x: '1' })).rejects.toMatchObject({ code: 'APPLY_FAILED' });
    await expect(installer.resolve(root)).rejects.toMatchObject({ code: 'APPLY_FAILED' });
  });

  test('its versions’ directory is somebody else’s', async () => {
    await symlink('/usr', versions);
    await expect(commit('a', { x: '1' })).rejects.toMatchObject({ code: 'APPLY_FAILED' });
  });
});

test('recovery of a root that never was Lull’s leaves it alone', async () => {
  await installer.recover(root);
  await symlink('/usr', root);
  await installer.recover(root);
  expect(await readlink(root)).toBe('/usr');
  expect(await readdir(join(dir, 'opt'))).toEqual(['tools']);
});

test('where a root leads to, for the sandbox', async () => {
  expect(await installer.resolve(root)).toBeUndefined();
  await write(root, { x: '0' });
  expect(await installer.resolve(root)).toBe(root);
  await commit('a', { x: '1' });
  expect(await installer.resolve(root)).toMatch(/\.tools\.lull\/1-[0-9a-f]{12}$/);
});
