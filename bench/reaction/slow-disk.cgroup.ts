// A slow disk for one process: the kernel's own limit on how many writes a second it may make. With
// it every commit of the journal takes a tenth of a second and more, as on a busy rotating disk.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { removeOwnGroup } from '../own.cgroup.js';

/** A commit of the journal takes four writes. */
export const WRITES_PER_S = 40;
const ROOT = '/sys/fs/cgroup';

export interface SlowDisk {
  /** Slows what the process writes from now on, and what it starts. */
  take(pid: number): void;
  /** Lets it go again. */
  leave(pid: number): void;
  /** Once nobody is in it any more. */
  close(): Promise<void>;
}

/** @returns undefined where the kernel or the disk of `path` offers no such limit. */
export function openSlowDisk(
  path: string,
  writesPerS: number = WRITES_PER_S,
): SlowDisk | undefined {
  const disk = diskOf(path);
  if (disk === undefined) return undefined;
  const v1 = existsSync(join(ROOT, 'blkio'));
  const dir = join(ROOT, v1 ? 'blkio' : '', `bench-slow-disk-${String(process.pid)}`);
  const limit = v1
    ? (['blkio.throttle.write_iops_device', `${disk} ${String(writesPerS)}`] as const)
    : (['io.max', `${disk} wiops=${String(writesPerS)}`] as const);
  try {
    mkdirSync(dir);
  } catch {
    return undefined;
  }
  try {
    writeFileSync(join(dir, limit[0]), limit[1]);
  } catch {
    rmdirSync(dir);
    return undefined;
  }
  return {
    take: (pid) => {
      writeFileSync(join(dir, 'cgroup.procs'), String(pid));
    },
    leave: (pid) => {
      writeFileSync(join(dir, '..', 'cgroup.procs'), String(pid));
    },
    close: () => removeOwnGroup(dir),
  };
}

/** "major:minor" of the whole disk that holds `path`; undefined for what has none, such as tmpfs. */
function diskOf(path: string): string | undefined {
  const { dev } = statSync(path);
  const major = Math.floor(dev / 256) & 0xfff;
  const minor = (dev & 0xff) | (Math.floor(dev / 0x100000) << 8);
  const block = `/sys/dev/block/${String(major)}:${String(minor)}`;
  if (!existsSync(block)) return undefined;
  if (!existsSync(join(block, 'partition'))) return `${String(major)}:${String(minor)}`;
  const whole = join('/sys/dev/block', readlinkSync(block), '..', 'dev');
  return readFileSync(whole, 'utf8').trim();
}
