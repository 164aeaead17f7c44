// What a tree of files holds.

import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from './failure.js';

const ENTRIES_MAX = 200_000;

export interface TreeEntry {
  /** Relative to the root of the tree. */
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'link';
  readonly mode: number;
}

/** Every entry below `root`, directories before what is in them. T9: links are not followed. */
export async function listTree(root: string, signal: AbortSignal): Promise<TreeEntry[]> {
  const found: TreeEntry[] = [];
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for await (const entry of await opendir(join(root, below))) {
      signal.throwIfAborted();
      const path = join(below, entry.name);
      const { mode } = await lstat(join(root, path));
      const kind = entry.isDirectory()
        ? 'directory'
        : entry.isFile()
          ? 'file'
          : entry.isSymbolicLink()
            ? 'link'
            : undefined;
      if (kind === undefined) {
        throw fail('APPLY_FAILED', `${path} is neither a file, a directory nor a link: remove it`);
      }
      found.push({ path, kind, mode });
      if (kind === 'directory') pending.push(path);
      if (found.length > ENTRIES_MAX) {
        throw fail('TOO_LARGE', `more than ${String(ENTRIES_MAX)} entries in one tree`);
      }
    }
  }
  return found;
}
