// Trees of files: listing without following links, copying, and modes as Commit wants them.

import { constants, chmod, copyFile, mkdir, opendir, readlink, symlink } from 'node:fs/promises';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../sdk/failure.js';

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
        throw fail('TOO_LARGE', `more than ${String(ENTRIES_MAX)} files below the prefix`);
      }
    }
  }
  return found;
}

/** Copies entries of one tree into another directory, telling after each how far it is. */
export async function copyTree(
  from: string,
  to: string,
  entries: readonly TreeEntry[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const [position, { path, kind, mode }] of entries.entries()) {
    signal.throwIfAborted();
    const target = join(to, path);
    switch (kind) {
      case 'directory':
        await mkdir(target, { recursive: true });
        break;
      case 'file':
        await copyFile(join(from, path), target, constants.COPYFILE_FICLONE);
        await chmod(target, plainMode(mode));
        break;
      case 'link':
        await symlink(await readlink(join(from, path)), target);
        break;
    }
    onProgress((position + 1) / entries.length);
  }
}

/** T26: no setuid, nothing that others may write to. */
export async function plainModes(root: string, signal: AbortSignal): Promise<void> {
  for (const { path, kind, mode } of await listTree(root, signal)) {
    if (kind !== 'link' && (mode & 0o7777) !== plainMode(mode)) {
      await chmod(join(root, path), plainMode(mode));
    }
  }
}

function plainMode(mode: number): number {
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}
