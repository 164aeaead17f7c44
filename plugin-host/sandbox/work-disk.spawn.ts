// The bound of what an updater may write (T20): its work directory is a small file system of its own,
// in a sparse file beside the directory, with room for as much as its manifest asked and no more.
//
//   bind: made once ─▶ checked ─▶ mounted at the directory ─▶ room set          release: unmounted
//
// Bytes and names both end inside, with ENOSPC; on the machine's disk it is one file. What is in it
// survives as any file system does, with a journal. docs/decisions/0059 says why not otherwise.
//
// Invariants:
//   W1. The file is root's, beside the directory and never in it: no updater can reach it.
//   W2. One file is mounted once: it is checked and mounted only where nothing has it open already.
//   W3. Where a step of it is not to be had, the directory is as it was and `bind` says so; whoever
//       asked then has to watch it.
//   W4. A directory on which somebody else has mounted something is theirs, and stays as it is.

import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Log } from '../../runtime/log.js';
import { isWritable } from './writable.fs.js';
import { deviceOf, fileBehind, isAttached, mountPoints, nameOfDevice } from './device.fs.js';

const run = promisify(execFile);

const GIB = 1024 ** 3;
/** Of the sparse file; about 5 MB of it are taken. What may be kept is set when it is mounted. */
const FILE_BYTES = 64 * GIB;
/** Manifests that ask for more are watched. */
const ROOM_BYTES_MAX = 60 * GIB;
/** Names: enough for two large trees of npm; their table would take 64 MB of the machine's disk. */
const NAMES_MAX = 262_144;
const COMMAND_MS_MAX = 60_000;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export class WorkDisks {
  /** One after the other, so that nothing is mounted while everything is being unmounted. */
  private last: Promise<unknown> = Promise.resolve();
  private readonly rooms = new Map<string, number>();
  private closed = false;
  private told = false;

  constructor(
    private readonly deps: {
      /** Below these lie the work directories, and nobody else's mounts. */
      readonly dirs: readonly string[];
      readonly log: Log;
    },
  ) {}

  /** @returns whether what is written below `dir` ends at `bytesMax` (W3). */
  bind(dir: string, uid: number, bytesMax: number): Promise<boolean> {
    return this.next(async () => {
      // As the kernel names it in what it tells of mounts.
      const workDir = realpathSync(dir);
      if (this.closed || bytesMax > ROOM_BYTES_MAX || !isWritable('/dev/loop-control')) {
        return false;
      }
      try {
        return await this.bindNow(workDir, uid, bytesMax);
      } catch (error) {
        const level = this.told ? 'debug' : 'warn';
        this.told = true;
        this.deps.log[level]({ err: error, workDir }, 'no file system of its own: it is watched');
        await this.unmount(workDir);
        return false;
      }
    });
  }

  /** Unmounts one; what is in it is kept. */
  release(workDir: string): Promise<void> {
    return this.next(async () => {
      if (existsSync(workDir)) await this.unmount(realpathSync(workDir));
    });
  }

  /** Unmounts all that there are, also those of an instance that was killed. For good. */
  close(): Promise<void> {
    this.closed = true;
    return this.next(async () => {
      const dirs = this.deps.dirs.filter(existsSync).map((dir) => `${realpathSync(dir)}/`);
      const left = mountPoints().filter((path) => dirs.some((dir) => path.startsWith(dir)));
      for (const path of new Set([...left, ...this.rooms.keys()])) await this.unmount(path);
    });
  }

  private next<T>(step: () => Promise<T>): Promise<T> {
    const mine = this.last.then(step);
    this.last = mine.catch(() => undefined);
    return mine;
  }

  private async bindNow(workDir: string, uid: number, bytesMax: number): Promise<boolean> {
    if (!isMountedAt(workDir)) {
      if (mountPoints().includes(workDir)) return false; // W4
      this.rooms.delete(workDir);
      await this.prepareFile(workDir, uid);
      await this.mount(imageOf(workDir), workDir);
    }
    if (this.rooms.get(workDir) !== bytesMax) setRoom(workDir, bytesMax);
    this.rooms.set(workDir, bytesMax);
    return true;
  }

  /** Makes the file where there is none, with what lay in the directory; checks one that is there. */
  private async prepareFile(workDir: string, uid: number): Promise<void> {
    const image = imageOf(workDir);
    if (existsSync(image)) {
      if (isAttached(image)) throw new Error(`${image} is in use`); // W2
      // What a power cut left is put right; 1 is "was put right".
      const checked = await run('e2fsck', ['-p', image], options).catch((error: unknown) => error);
      const { code = 0 } = checked as { readonly code?: number | string };
      if (code === 0 || code === 1) return;
      this.deps.log.error({ workDir, code }, 'a work directory was damaged, and begins anew');
      rmSync(image);
    }
    const made = `${image}.new`;
    await makeFileSystem(made, uid);
    if (readdirSync(workDir).length > 0) await this.copyInto(made, workDir);
    renameSync(made, image);
  }

  /** For a directory that was not bound before. */
  private async copyInto(image: string, workDir: string): Promise<void> {
    const place = `${workDir}.new`;
    await mkdir(place, { recursive: true, mode: 0o700 });
    await this.mount(image, place);
    await run('cp', ['-a', '-T', workDir, place], options);
    await run('umount', [place], options);
    await rmdir(place);
  }

  private async mount(image: string, dir: string): Promise<void> {
    const how = 'loop,nosuid,nodev,noatime,discard,errors=remount-ro';
    await run('mount', ['-t', 'ext4', '-o', how, image, dir], options);
  }

  private async unmount(workDir: string): Promise<void> {
    this.rooms.delete(workDir);
    if (!isMountedAt(workDir)) return;
    await run('umount', [workDir], options).catch((error: unknown) => {
      // The next start takes it over.
      this.deps.log.error({ err: error, workDir }, 'a work directory stays mounted');
    });
  }
}

const options = { timeout: COMMAND_MS_MAX, env: { PATH, LC_ALL: 'C' }, cwd: '/' };

/** W1. */
function imageOf(workDir: string): string {
  return `${workDir}.img`;
}

async function makeFileSystem(image: string, uid: number): Promise<void> {
  rmSync(image, { force: true });
  const file = openSync(image, 'wx', 0o600);
  ftruncateSync(file, FILE_BYTES);
  closeSync(file);
  const owner = `${String(uid)}:${String(uid)}`;
  // Lazily, because the tables of a file with holes are zero already.
  const lazily = `lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=${owner}`;
  const sizes = ['-m', '0', '-N', String(NAMES_MAX), '-J', 'size=16'];
  await run('mkfs.ext4', ['-q', '-F', ...sizes, '-E', lazily, image], options);
}

/**
 * Sets apart all but `bytesMax` of the file system, as the kernel sets clusters apart for itself: in
 * force at once, for everybody, and without another program.
 */
function setRoom(workDir: string, bytesMax: number): void {
  const knob = `/sys/fs/ext4/${nameOfDevice(deviceOf(workDir))}/reserved_clusters`;
  writeFileSync(knob, '0');
  const { blocks, bsize } = statfsSync(workDir);
  const apart = blocks - Math.ceil(bytesMax / bsize);
  writeFileSync(knob, String(Math.max(0, apart)));
}

function isMountedAt(workDir: string): boolean {
  return mountPoints().includes(workDir) && fileBehind(deviceOf(workDir)) === imageOf(workDir);
}
