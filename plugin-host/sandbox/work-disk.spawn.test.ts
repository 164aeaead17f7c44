// What becomes of a work directory when a program that it needs is late, missing or unsure. Those that do
// harm are made up; the others are the machine's own.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { systemTools, ToolError, type Tool, type Tools } from './tool.spawn.js';
import { WorkDisks } from './work-disk.spawn.js';
import { isWritable } from './writable.fs.js';

const root = process.getuid?.() === 0 && isWritable('/dev/loop-control');
const describeHere = root ? describe : describe.skip;
const about = root ? '' : ' (skipped: needs root and loop devices)';
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const UID = 61_000;

let dir: string;
let asked: string[];
/** What stands in for a program; it may call the real one. */
let fakes: Record<string, (real: () => Promise<string>) => Promise<string>>;
let disks: WorkDisks;
/** What was logged as an error. */
let said: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-wd-'));
  [asked, fakes, said] = [[], {}, ''];
  const real = systemTools(true);
  const tool =
    (how: keyof Tools): Tool =>
    (program, args, msMax) => {
      asked.push(`${how} ${program}`);
      const run = (): Promise<string> => real[how](program, args, msMax);
      return fakes[program]?.(run) ?? run();
    };
  const tools = { heavy: tool('heavy'), light: tool('light') };
  const log = createLog('test', 'silent');
  log.error = (_about: unknown, words?: string) => (said += words ?? '');
  disks = new WorkDisks({ dirs: [dir], log, tools });
});

afterEach(async () => {
  fakes = {};
  await disks.close();
  rmSync(dir, { recursive: true });
});

function workDir(name: string): string {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A file that says of itself that it is a file system, beside its directory. */
function imageFor(path: string, text: string): string {
  const content = Buffer.alloc(4_096);
  content.writeUInt16LE(0xef53, 1_024 + 0x38);
  content.writeUInt32LE(2 ** 24, 1_024 + 0x04); // so many blocks
  content.writeUInt32LE(2, 1_024 + 0x18); // of 4 KiB
  content.write(text, 2_048);
  writeFileSync(`${path}.img`, content);
  return `${path}.img`;
}

const fails = (exitCode?: number) => () =>
  Promise.reject(new ToolError(`it ended with ${String(exitCode)}`, exitCode));

describeHere(`a work directory that is to be checked${about}`, () => {
  test.each([
    ['is late, or not installed', undefined],
    ['could not read the disk', 8],
    ['was not given what it needs', 16],
    ['was cut off', 32],
    ['has not its libraries', 128],
    ['was not to be started', 127],
    ['left something, and could not go on', 12],
  ])('stays as it is, and is not launched in, where e2fsck %s', async (_what, exitCode) => {
    const path = workDir('one');
    const image = imageFor(path, 'all that it has');
    const before = readFileSync(image);
    fakes = { e2fsck: fails(exitCode) };
    await expect(disks.bind(path, UID, 8 * MIB)).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringContaining(`remove ${image}`),
    });
    expect(readFileSync(image)).toEqual(before);
    expect(readdirSync(dir).sort()).toEqual(['one', 'one.img']);
  });

  test('is set aside where e2fsck says that it cannot be put right, and the last one is kept', async () => {
    const path = workDir('one');
    for (const text of ['first', 'second']) {
      imageFor(path, text);
      fakes = { e2fsck: fails(4) };
      expect(await disks.bind(path, UID, 8 * MIB)).toBe(true);
      await disks.release(path);
      expect(readFileSync(`${path}.img.damaged`).toString('latin1', 2_048)).toContain(text);
    }
    expect(readdirSync(dir).sort()).toEqual(['one', 'one.img', 'one.img.damaged']);
  });

  test('goes on where e2fsck has put it right', async () => {
    const path = workDir('one');
    expect(await disks.bind(path, UID, 8 * MIB)).toBe(true);
    writeFileSync(join(path, 'kept'), 'mine');
    await disks.release(path);
    fakes = { e2fsck: fails(1) };
    expect(await disks.bind(path, UID, 8 * MIB)).toBe(true);
    expect(readFileSync(join(path, 'kept'), 'utf8')).toBe('mine');
  });
});

describeHere(`a file system that cannot be mounted${about}`, () => {
  test('is done without only where none ever was, and leaves nothing', async () => {
    const path = workDir('one');
    writeFileSync(join(path, 'kept'), 'mine');
    fakes = { mount: fails(32) };
    expect(await disks.bind(path, UID, 8 * MIB)).toBe(false);
    expect(readdirSync(path)).toEqual(['kept']);
    expect(existsSync(`${path}.img`)).toBe(false);
  });

  test('fails the launch where the self-test had one: the level that was reported holds', async () => {
    expect(await disks.bind(workDir('canary'), UID, 4 * MIB)).toBe(true);
    fakes = { mount: fails(32) };
    const said = disks.bind(workDir('one'), UID, 8 * MIB);
    await expect(said).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
    await expect(said).rejects.toThrow('it ended with 32');
  });

  test('fails the launch where the updater has one: it would write where the next mount hides it', async () => {
    const path = workDir('one');
    const image = imageFor(path, 'all that it has');
    fakes = { e2fsck: () => Promise.resolve(''), mount: fails(32) };
    const said = disks.bind(path, UID, 8 * MIB);
    await expect(said).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
    await expect(said).rejects.toThrow('it ended with 32');
    expect(existsSync(image)).toBe(true);
  });
});

describeHere(`a file that somebody deleted while it was mounted${about}`, () => {
  const path = (): string => join(dir, 'one');

  beforeEach(async () => {
    expect(await disks.bind(workDir('one'), UID, 8 * MIB)).toBe(true);
    writeFileSync(join(path(), 'kept'), 'mine');
    rmSync(`${path()}.img`);
  });

  test.each(['and nothing else', 'and put another in place of'])(
    '%s begins anew with a bound of its own, and that is said (W6)',
    async (how) => {
      if (how !== 'and nothing else') writeFileSync(`${path()}.img`, '');
      expect(await disks.bind(path(), UID, 8 * MIB)).toBe(true);
      expect(existsSync(join(path(), 'kept'))).toBe(false);
      const { bavail, bsize } = statfsSync(path());
      expect(bavail * bsize).toBeLessThanOrEqual(8 * MIB);
      expect(said).toMatch(
        /one\.img was deleted while it was mounted .* the directory begins anew/,
      );
    },
  );

  test('is unmounted like any other: the directory can be removed', async () => {
    await disks.release(path());
    rmSync(path(), { recursive: true });
  });

  test('fails the launch where something is still in there, with what to do', async () => {
    fakes = { umount: fails(32) };
    await expect(disks.bind(path(), UID, 8 * MIB)).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
      message: expect.stringMatching(
        /one\.img was deleted while it was mounted .* something is still in there: end that, or/,
      ) as unknown,
    });
  });
});

describeHere(`what a manifest asks for${about}`, () => {
  test('is a bound, also beyond what files are made for at first, and one grows into it', async () => {
    const path = workDir('one');
    expect(await disks.bind(path, UID, 8 * MIB)).toBe(true);
    writeFileSync(join(path, 'kept'), 'mine');
    // While it is mounted, and the most that a manifest may ask for.
    for (const bytesMax of [100 * GIB, 1_048_576 * MIB]) {
      expect(await disks.bind(path, UID, bytesMax)).toBe(true);
      const { bavail, blocks, bsize } = statfsSync(path);
      expect(blocks * bsize).toBeGreaterThan(bytesMax);
      expect(bavail * bsize).toBeLessThanOrEqual(bytesMax);
      expect(bavail * bsize).toBeGreaterThan(bytesMax * 0.99);
    }
    expect(readFileSync(join(path, 'kept'), 'utf8')).toBe('mine');
  });
});

describeHere(`a mount of which another namespace has a copy${about}`, () => {
  test('is waited for, and taken up as soon as that lets go', async () => {
    const path = workDir('one');
    expect(await disks.bind(path, UID, 64 * MIB)).toBe(true);
    writeFileSync(join(path, 'kept'), 'all');
    // Private: what is unmounted here stays mounted there, as in a launch that is just being made.
    const args = ['--mount', '--propagation', 'private', 'sh', '-c', 'echo made; read -r _'];
    const other = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(other, 'exit');
    await once(other.stdout, 'data');
    await disks.release(path);
    const bound = disks.bind(path, UID, 64 * MIB);
    other.stdin.end('go on\n');
    await ended;
    expect(await bound).toBe(true);
    expect(readFileSync(join(path, 'kept'), 'utf8')).toBe('all');
  });
});

test('what reads and writes much has the lowest priority, and what is short has not', async () => {
  if (!root) return;
  const path = workDir('one');
  writeFileSync(join(path, 'old'), 'from before');
  await disks.bind(path, UID, 8 * MIB);
  await disks.release(path);
  await disks.bind(path, UID, 100 * GIB);
  expect([...new Set(asked)].sort()).toEqual([
    'heavy cp',
    'heavy e2fsck',
    'heavy mkfs.ext4',
    'heavy resize2fs',
    'light mount',
    'light umount',
  ]);
});
