// From a staged tree, which its updater can still write, to a version that only the host can.
//
// Invariants:
//   Y1. Copied, never renamed or linked: no descriptor that an updater kept reaches what is installed.
//   Y2. Everything is on the disk before this returns: files first, then directories, deepest first.
//   Y3. Nobody else can enter the copy before it is whole; directories get their owners at the end.

import { constants } from 'node:fs';
import { lchown, mkdir, open, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  copyFile,
  refused,
  refuseForbidden,
  type Budget,
  type CopyOrder,
  type Owner,
} from './copy-file.fs.js';
import { inSlices } from './slices.loop.js';
import { linkProblem } from './staged-rules.js';
import { byPaths, type TreeEntry } from './tree.js';
import { walk, type Found } from './walk.fs.js';

/** Of the kernel, less the zero at its end. */
const PATH_BYTES_MAX = 4_095;

/** @throws HostError FIELD_INVALID with the first thing that a tree may not hold. */
export async function copyStaged(order: CopyOrder): Promise<readonly TreeEntry[]> {
  const { run, into } = order;
  await mkdir(into, { mode: 0o700 }); // Y3
  const entries: TreeEntry[] = [];
  const budget = { leftBytes: run.limits.diskBytesMax };
  const same = await inSlices(byPaths(order.same?.entries ?? []), () => run.thawed());
  await walk(
    order.staged,
    async (found) => {
      await run.thawed();
      refuseForbidden(found, run.uid);
      entries.push(await copyEntry(order, found, same.get(found.path), budget));
    },
    (lost) => {
      throw refused(lost, 'has a name that is not text, or went away');
    },
  );
  await sealDirectories(order, entries);
  return entries;
}

async function copyEntry(
  order: CopyOrder,
  found: Found,
  was: TreeEntry | undefined,
  budget: Budget,
): Promise<TreeEntry> {
  const { path, kind } = found;
  const to = join(order.into, path);
  if (Buffer.byteLength(to) > PATH_BYTES_MAX) {
    throw refused(`${path.slice(0, 100)}…`, 'is longer than a path can be');
  }
  switch (kind) {
    case 'directory':
      await mkdir(to, { mode: 0o700 });
      return { kind, path, mode: 0o755 };
    case 'link': {
      const target = await readlink(found.address);
      const problem = linkProblem(path, target);
      if (problem !== undefined) throw refused(path, problem);
      await symlink(target, to);
      await lchown(to, order.owner.uid, order.owner.gid);
      return { kind, path, target };
    }
    case 'file':
      return copyFile(order, found, was, budget);
    case 'other':
      throw refused(path, 'is neither a file, a directory nor a link');
  }
}

/** Y2, Y3: deepest first, the top last. */
async function sealDirectories(order: CopyOrder, entries: readonly TreeEntry[]): Promise<void> {
  const { into, owner, topMode } = order;
  const directories = entries.filter((entry) => entry.kind === 'directory').reverse();
  for (const { path } of directories) {
    await seal(join(into, path), 0o755, owner);
  }
  await seal(into, topMode, owner);
}

async function seal(path: string, mode: number, owner: Owner): Promise<void> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await directory.chmod(mode);
    await directory.chown(owner.uid, owner.gid);
    await directory.sync();
  } finally {
    await directory.close();
  }
}
