// Letting go of stored content: all its names, in the store and where updaters were shown it, or its
// bytes would stay on the disk.
//
// Invariant: W1. What is held is not touched, also where somebody takes hold of it in the middle.

import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../channel/host-failure.js';
import { dispensable, type Kept } from './keeping.js';
import type { Uses } from './uses.js';

interface Found extends Kept {
  readonly inode: number;
}

export interface SweepOptions {
  readonly uses: Uses;
  /** Directories that content was shown in. */
  readonly shownIn: readonly string[];
  readonly neededBytes: number;
  readonly nowMs: number;
}

/** @returns the digests that went. */
export async function sweep(dir: string, options: SweepOptions): Promise<readonly string[]> {
  const { uses, nowMs } = options;
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
  const inUse = new Set(all.map(({ sha256 }) => sha256).filter((sha256) => uses.isHeld(sha256)));
  const chosen = dispensable(all, inUse, disk, nowMs);
  if (chosen.length === 0) return [];
  const others = await otherNames(join(dir, 'sha512'));
  const gone: string[] = [];
  for (const sha256 of chosen) {
    const inode = all.find((each) => each.sha256 === sha256)?.inode;
    const sha512s = others.flatMap((other) => (other.inode === inode ? other.name : []));
    const end = uses.leave([sha256, ...sha512s]);
    if (end === undefined) continue; // W1
    try {
      for (const name of sha512s) await rm(join(dir, 'sha512', name), { force: true });
      for (const shown of options.shownIn) await rm(join(shown, sha256), { force: true });
      await rm(join(dir, 'sha256', sha256), { force: true });
      gone.push(sha256);
    } finally {
      end();
    }
  }
  return gone;
}

async function otherNames(dir: string): Promise<readonly { name: string; inode: number }[]> {
  const found: { name: string; inode: number }[] = [];
  for (const name of await namesIn(dir)) {
    const inode = (await stat(join(dir, name)).catch(nothingIfGone))?.ino;
    if (inode !== undefined) found.push({ name, inode });
  }
  return found;
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
