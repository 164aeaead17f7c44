// Trees of files: copying, and modes as Commit wants them.

import { constants, chmod, copyFile, mkdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { listTree, type TreeEntry } from '../../sdk/tree.fs.js';

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
