// Trees of files: copying, and modes as Commit wants them.

import { constants, chmod, copyFile, mkdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '../../sdk/parallel.js';
import { listTree, type TreeEntry } from '../../sdk/tree.fs.js';

/** As many as Node.js has threads for. */
const COPIES_AT_ONCE = 4;

/** Copies entries of one tree into another directory, telling after each how far it is. */
export async function copyTree(
  from: string,
  to: string,
  entries: readonly TreeEntry[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<void> {
  await mkdir(to, { recursive: true });
  const [directories, others] = partition(entries);
  for (const { path } of directories) await mkdir(join(to, path), { recursive: true });
  let doneCount = directories.length;
  await inParallel(others, COPIES_AT_ONCE, async (entry) => {
    signal.throwIfAborted();
    await copyEntry(from, to, entry);
    doneCount += 1;
    onProgress(doneCount / entries.length);
  });
}

function partition(entries: readonly TreeEntry[]): [TreeEntry[], TreeEntry[]] {
  const isDirectory = ({ kind }: TreeEntry): boolean => kind === 'directory';
  return [entries.filter(isDirectory), entries.filter((entry) => !isDirectory(entry))];
}

async function copyEntry(from: string, to: string, { path, kind, mode }: TreeEntry): Promise<void> {
  const target = join(to, path);
  if (kind === 'link') {
    await symlink(await readlink(join(from, path)), target);
    return;
  }
  // With the mode that it has.
  await copyFile(join(from, path), target, constants.COPYFILE_FICLONE);
  if (!isPlain(mode)) await chmod(target, plainMode(mode));
}

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
