// What is installed, listed and hashed. It may be anything a person keeps there, so that nothing is
// refused here but sheer size.

import { createHash } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { openBelow, openSame, readThrough, walk, type Found } from './walk.fs.js';
import type { TreeEntry } from './tree.js';

/** @param between awaited between pieces, so that a frozen run costs nothing. */
export async function listInstalled(
  path: string,
  between: () => Promise<unknown>,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const root = await openBelow(path, []);
  try {
    await walk(
      root,
      async (found) => {
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
      const file = await openSame(found.address, stat);
      try {
        await readThrough(file, async (chunk) => {
          hash.update(chunk);
          await between();
        });
      } finally {
        await file.close();
      }
      const sha256 = hash.digest('hex');
      return { kind: 'file', path, mode, sizeBytes: stat.size, sha256, uid: stat.uid };
    }
  }
}
