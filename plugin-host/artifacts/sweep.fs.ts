// Letting go of stored content: all its names, in the store and where updaters were shown it, or its
// bytes would stay on the disk.

import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../channel/host-failure.js';
import { dispensable, type Kept } from './keeping.js';

interface Found extends Kept {
  readonly inode: number;
}

/** @returns the digests that went. */
export async function sweep(
  dir: string,
  options: {
    readonly inUse: ReadonlySet<string>;
    /** Directories that content was shown in. */
    readonly shownIn: readonly string[];
    readonly neededBytes: number;
    readonly nowMs: number;
  },
): Promise<readonly string[]> {
  const all: Found[] = [];
  for (const sha256 of await namesIn(join(dir, 'sha256'))) {
    const found = await stat(join(dir, 'sha256', sha256)).catch(nothingIfGone);
    if (found === undefined) continue;
    const { size: sizeBytes, mtimeMs: usedAtMs, ino: inode } = found;
    all.push({ sha256, sizeBytes, usedAtMs, inode });
  }
  if (all.length === 0) return [];
  const { bavail, bsize } = await statfs(dir);
  const disk = { freeBytes: bavail * bsize, neededBytes: options.neededBytes };
  const gone = dispensable(all, options.inUse, disk, options.nowMs);
  if (gone.length === 0) return [];
  const inodes = new Set(all.flatMap(({ sha256, inode }) => (gone.includes(sha256) ? inode : [])));
  await removeNames(join(dir, 'sha512'), inodes);
  for (const sha256 of gone) {
    for (const shown of options.shownIn) await rm(join(shown, sha256), { force: true });
    await rm(join(dir, 'sha256', sha256), { force: true });
  }
  return gone;
}

async function removeNames(dir: string, inodes: ReadonlySet<number>): Promise<void> {
  for (const name of await namesIn(dir)) {
    const found = await stat(join(dir, name)).catch(nothingIfGone);
    if (found !== undefined && inodes.has(found.ino)) await rm(join(dir, name), { force: true });
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    nothingIfGone(error);
    return [];
  }
}

function nothingIfGone(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
  return undefined;
}
