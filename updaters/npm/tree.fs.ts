// The modes of a tree, as Commit wants them.

import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { listTree } from '../../sdk/tree.fs.js';

/** T26: no setuid, nothing that others may write to. */
export async function plainModes(root: string, signal: AbortSignal): Promise<void> {
  for (const { path, kind, mode } of await listTree(root, signal)) {
    if (kind !== 'link' && !isPlain(mode)) {
      await chmod(join(root, path), plainMode(mode));
    }
  }
}

function isPlain(mode: number): boolean {
  return (mode & 0o7777) === plainMode(mode);
}

function plainMode(mode: number): number {
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}
