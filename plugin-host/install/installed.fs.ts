// What is installed, listed and hashed. It may be anything a person keeps there, so that nothing is
// refused here but sheer size, before it is read.

import { createHash } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { formatBytes } from '../../conditions/words.js';
import { HostError } from '../channel/host-failure.js';
import { openBelow, openSame, readThrough, walk, type Found } from './walk.fs.js';
import type { TreeEntry } from './tree.js';

/** Of stat, whatever the disk has. */
const BLOCK_BYTES = 512;

/**
 * @param between awaited between pieces, so that a frozen run costs nothing.
 * @param holeBytesMax of all files together: what is in no block of the disk.
 */
export async function listInstalled(
  path: string,
  between: () => Promise<unknown>,
  holeBytesMax = Number.POSITIVE_INFINITY,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  let leftBytes = holeBytesMax;
  const root = await openBelow(path, []);
  try {
    await walk(
      root,
      async (found) => {
        leftBytes -= holeBytesOf(found);
        if (leftBytes < 0) {
          const words = `the holes in its files are more than ${formatBytes(holeBytesMax)}`;
          throw new HostError('FIELD_INVALID', words);
        }
        entries.push(await entryOf(found, between));
        await between();
      },
      (lost) => {
        entries.push({ kind: 'other', path: lost, mode: 0 });
      },
    );
  } finally {
    await root.close();
  }
  return entries;
}

function holeBytesOf({ kind, stat }: Found): number {
  return kind === 'file' ? Math.max(0, stat.size - stat.blocks * BLOCK_BYTES) : 0;
}

async function entryOf(found: Found, between: () => Promise<unknown>): Promise<TreeEntry> {
  const { path, stat } = found;
  const mode = stat.mode & 0o7777;
  switch (found.kind) {
    case 'directory':
      return { kind: 'directory', path, mode };
    case 'link':
      return { kind: 'link', path, target: await readlink(found.address) };
    case 'other':
      return { kind: 'other', path, mode };
    case 'file': {
      const hash = createHash('sha256');
      const opened = await openSame(found.address, stat);
      try {
        await readThrough(opened, async (chunk) => {
          hash.update(chunk);
          await between();
        });
      } finally {
        await opened.file.close();
      }
      const sha256 = hash.digest('hex');
      return { kind: 'file', path, mode, sizeBytes: stat.size, sha256, uid: stat.uid };
    }
  }
}
