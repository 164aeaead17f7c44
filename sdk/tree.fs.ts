// What a tree of files holds.

import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from './failure.js';
import { inParallel } from './parallel.js';

const ENTRIES_MAX = 200_000;
/** As many as Node.js has threads for. */
const LOOKS_AT_ONCE = 4;

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
    const paths: string[] = [];
    for await (const { name } of await opendir(join(root, below))) {
      signal.throwIfAborted();
      paths.push(join(below, name));
      if (found.length + paths.length > ENTRIES_MAX) {
        throw fail('TOO_LARGE', `more than ${String(ENTRIES_MAX)} entries in one tree`);
      }
    }
    const entries = await inParallel(paths, LOOKS_AT_ONCE, (path) => entryAt(root, path));
    found.push(...entries);
    pending.push(...entries.filter(({ kind }) => kind === 'directory').map(({ path }) => path));
  }
  return found;
}

async function entryAt(root: string, path: string): Promise<TreeEntry> {
  const stat = await lstat(join(root, path));
  if (stat.isFile()) return { path, kind: 'file', mode: stat.mode };
  if (stat.isDirectory()) return { path, kind: 'directory', mode: stat.mode };
  if (stat.isSymbolicLink()) return { path, kind: 'link', mode: stat.mode };
  throw fail('APPLY_FAILED', `${path} is neither a file, a directory nor a link: remove it`);
}
