// Removing a tree whose owner may be changing it at this moment. Node goes down by paths, and a directory
// that became a link between two looks leads it out of the tree, as root (T9). `rm` of the GNU coreutils
// goes down by descriptors and follows nothing.

import { lstat, rm } from 'node:fs/promises';
import { errorCode } from '../channel/host-failure.js';
import { systemTools } from '../sandbox/tool.spawn.js';

/** Of a tree as large as one may be, on a slow disk. */
const REMOVAL_MS_MAX = 120_000;

/** Does nothing where nothing is. */
export async function removeTree(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
    return undefined;
  });
  if (found === undefined) return;
  if (!found.isDirectory()) return rm(path, { force: true });
  const args = ['-rf', '--one-file-system', '--', path];
  await systemTools().heavy('rm', args, REMOVAL_MS_MAX);
}
