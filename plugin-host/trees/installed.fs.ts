// What is installed, listed and hashed. It may be anything a person keeps there, so that nothing is
// refused here but sheer size, before it is read.

import { createHash } from 'node:crypto';
import { closeSync, readlinkSync } from 'node:fs';
import { formatBytes } from '../../conditions/words.js';
import { HostError } from '../channel/host-failure.js';
import type { TreeEntry } from './tree.js';
import { openBelow, openSame, readThrough, walk, type Found } from './walk.fs.js';

/** Of stat, whatever the disk has. */
const BLOCK_BYTES = 512;

/**
 * @param between called between pieces: stands still while the run is frozen.
 * @param holeBytesMax of all files together: what is in no block of the disk.
 */
export function listInstalled(
  path: string,
  between: () => void,
  holeBytesMax = Number.POSITIVE_INFINITY,
): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let leftBytes = holeBytesMax;
  const root = openBelow(path, []);
  try {
    for (const found of walk(root)) {
      if (found.kind === 'lost') {
        entries.push({ kind: 'other', path: found.path, mode: 0 });
        continue;
      }
      leftBytes -= holeBytesOf(found);
      if (leftBytes < 0) {
        const words = `the holes in its files are more than ${formatBytes(holeBytesMax)}`;
        throw new HostError('FIELD_INVALID', words);
      }
      entries.push(entryOf(found, between));
      between();
    }
  } finally {
    closeSync(root);
  }
  return entries;
}

function holeBytesOf({ kind, stat }: Found): number {
  return kind === 'file' ? Math.max(0, stat.size - stat.blocks * BLOCK_BYTES) : 0;
}

function entryOf(found: Found, between: () => void): TreeEntry {
  const { path, stat } = found;
  const mode = stat.mode & 0o7777;
  switch (found.kind) {
    case 'directory':
      return { kind: 'directory', path, mode };
    case 'link':
      return { kind: 'link', path, target: readlinkSync(found.address) };
    case 'other':
      return { kind: 'other', path, mode };
    case 'file': {
      const hash = createHash('sha256');
      const opened = openSame(found.address, stat);
      try {
        readThrough(opened, (chunk) => {
          hash.update(chunk);
          between();
        });
      } finally {
        closeSync(opened.fd);
      }
      const sha256 = hash.digest('hex');
      return { kind: 'file', path, mode, sizeBytes: stat.size, sha256, uid: stat.uid };
    }
  }
}
