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
//   W3. Where a file system of its own is not to be had on this machine, the directory is as it was and
//       `bind` says so; whoever asked then has to watch it. That holds for what never was to be had: once
//       one was mounted, for the self-test or before, a launch without it is none. It would be below the
//       level that the host reports, and in a directory that the next mount hides.
//   W4. A directory on which somebody else has mounted something is theirs, and stays as it is.
//   W5. A file is set aside, and never removed, where `e2fsck` has said that it is beyond repair; where it
//       said nothing, was late or is not there, the file stays and the launch fails.
//   W6. A file that somebody deleted while it was mounted is ours all the same: it is let go, which is said,
//       and the directory begins anew.

import { existsSync, realpathSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { pause } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import { deviceOf, fileBehind, isAttached, mountPoints, nameOfDevice } from './device.fs.js';
import { SandboxError } from './sandbox-error.js';
import { systemTools, type Tools } from './tool.spawn.js';
import {
  COMMAND_MS_MAX,
  grow,
  imageOf,
  isEmpty,
  makeImage,
  repair,
  setAside,
} from './work-image.spawn.js';
import { isWritable } from './writable.fs.js';

const LOOPS = '/dev/loop-control';
/** What the kernel adds to the name of a file that is there no more. */
const DELETED = ' (deleted)';
/** A launch takes its copies of mounts away within some milliseconds, or a tenth of a second where much goes on. */
const LET_GO_MS_MAX = 2_000;
const LOOK_EVERY_MS = 20;

export class WorkDisks {
  /** One after the other, so that nothing is mounted while everything is being unmounted. */
  private last: Promise<unknown> = Promise.resolve();
  private readonly rooms = new Map<string, number>();
  private readonly tools: Tools;
  private closed = false;
  private reached = false;
  private told = false;

  constructor(
    private readonly deps: {
      /** Below these lie the work directories, and nobody else's mounts. */
      readonly dirs: readonly string[];
      readonly log: Log;
      readonly tools?: Tools;
    },
  ) {
    this.tools = deps.tools ?? systemTools();
  }

  /**
   * @returns whether what is written below `dir` ends at `bytesMax` (W3).
   * @throws SandboxError
   */
  bind(dir: string, uid: number, bytesMax: number): Promise<boolean> {
    return this.next(async () => {
      if (this.closed) throw new SandboxError('CANCELLED', 'it is being closed');
      // As the kernel names it in what it tells of mounts.
      const workDir = realpathSync(dir);
      const had = existsSync(imageOf(workDir));
      try {
        if (!isWritable(LOOPS)) throw new Error(`${LOOPS} is not there, or may not be written`);
        const bound = await this.bindNow(workDir, uid, bytesMax);
        this.reached ||= bound;
        return bound;
      } catch (error) {
        await this.unmount(workDir);
        if (had || this.reached || isMountedAt(workDir)) throw unbound(workDir, error); // W3
        // Of this very call: what is in it is in the directory too.
        await rm(imageOf(workDir), { force: true });
        const level = this.told ? 'debug' : 'warn';
        this.told = true;
        this.deps.log[level]({ err: error, workDir }, 'no file system of its own: it is watched');
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
    if (mountedAt(workDir) === 'deleted') await this.letGo(workDir); // W6
    if (isMountedAt(workDir) && bytesOf(workDir) < bytesMax) await this.unmount(workDir);
    if (!isMountedAt(workDir)) {
      if (mountPoints().includes(workDir)) return false; // W4
      this.rooms.delete(workDir);
      await this.prepareFile(workDir, uid, bytesMax);
      await this.mount(imageOf(workDir), workDir);
    }
    if (this.rooms.get(workDir) !== bytesMax) setRoom(workDir, bytesMax);
    this.rooms.set(workDir, bytesMax);
    return true;
  }

  /** Makes the file where there is none, with what lay in the directory; checks one that is there. */
  private async prepareFile(workDir: string, uid: number, bytesMax: number): Promise<void> {
    const image = imageOf(workDir);
    if (existsSync(image)) {
      await untilLetGo(image); // W2
      if (await repair(image, this.tools)) return grow(image, bytesMax, this.tools);
      const aside = await setAside(image); // W5
      this.deps.log.error({ workDir, aside }, 'a work directory was damaged, and begins anew');
    }
    const made = `${image}.new`;
    await makeImage(made, { uid, bytesMax }, this.tools);
    if (!(await isEmpty(workDir))) await this.copyInto(made, workDir);
    await rename(made, image);
  }

  /** For a directory that was not bound before. */
  private async copyInto(image: string, workDir: string): Promise<void> {
    const place = `${workDir}.new`;
    await mkdir(place, { recursive: true, mode: 0o700 });
    await this.mount(image, place);
    try {
      await this.tools.heavy('cp', ['-a', '-T', workDir, place], COMMAND_MS_MAX);
    } finally {
      await this.tools.light('umount', [place], COMMAND_MS_MAX);
    }
    await rmdir(place);
  }

  private async mount(image: string, dir: string): Promise<void> {
    const how = 'loop,nosuid,nodev,noatime,discard,errors=remount-ro';
    await this.tools.light('mount', ['-t', 'ext4', '-o', how, image, dir], COMMAND_MS_MAX);
  }

  /** What is in a deleted file is gone with its mount. */
  private async letGo(workDir: string): Promise<void> {
    const what = `${imageOf(workDir)} was deleted while it was mounted at ${workDir}`;
    await this.unmount(workDir);
    if (isMountedAt(workDir)) {
      throw new Error(`${what}, and something is still in there: end that, or unmount it by hand`);
    }
    this.deps.log.error(
      { workDir },
      `${what}: what was in it is gone, and the directory begins anew. "lull updaters remove" is the way to clear it away`,
    );
  }

  private async unmount(workDir: string): Promise<void> {
    this.rooms.delete(workDir);
    if (!isMountedAt(workDir)) return;
    await this.tools.light('umount', [workDir], COMMAND_MS_MAX).catch((error: unknown) => {
      // The next start takes it over.
      this.deps.log.error({ err: error, workDir }, 'a work directory stays mounted');
    });
  }
}

/**
 * A mount namespace that was made while it was mounted, as for a launch of another, has a copy of the mount
 * until it has its own root.
 */
async function untilLetGo(image: string): Promise<void> {
  const untilMs = performance.now() + LET_GO_MS_MAX;
  while (isAttached(image)) {
    if (performance.now() > untilMs) throw new Error(`${image} is in use`);
    await pause(LOOK_EVERY_MS);
  }
}

function unbound(workDir: string, error: unknown): SandboxError {
  const words = error instanceof Error ? error.message : String(error);
  const what = `the work directory ${workDir} could not be made the file system that it is to be`;
  const then = `Put that right; or remove ${imageOf(workDir)}, and what is in it, to begin anew.`;
  return new SandboxError('LAUNCH_FAILED', `${what}: ${words}. ${then}`, { cause: error });
}

function bytesOf(workDir: string): number {
  const { blocks, bsize } = statfsSync(workDir);
  return blocks * bsize;
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
  return mountedAt(workDir) !== undefined;
}

/** What is mounted there of ours (W4, W6). */
function mountedAt(workDir: string): 'whole' | 'deleted' | undefined {
  if (!mountPoints().includes(workDir)) return undefined;
  const file = fileBehind(deviceOf(workDir));
  if (file === imageOf(workDir)) return 'whole';
  return file === `${imageOf(workDir)}${DELETED}` ? 'deleted' : undefined;
}
