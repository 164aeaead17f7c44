// From a staged tree, which its updater can still write, to a version that only the host can; with what stays
// of the version before, where the staged tree replaces some of it.
//
// Invariants:
//   Y1. Copied, never renamed or linked: no descriptor that an updater kept reaches what is installed.
//   Y2. Everything is on the disk before this returns: files first, then directories, deepest first.
//   Y3. Nobody else can enter the copy before it is whole; directories get their owners at the end.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  copyFile,
  keepFile,
  lost,
  refused,
  refuseForbidden,
  type CopyOrder,
  type Owner,
} from './copy-file.fs.js';
import { linkProblem } from './staged-rules.js';
import type { TreeEntry } from './tree.js';
import { openBelow, walk, type Found } from './walk.fs.js';

/** Of the kernel, less the zero at its end. */
const PATH_BYTES_MAX = 4_095;

/** @throws HostError FIELD_INVALID with the first thing that a tree may not hold. */
export function copyStaged(order: CopyOrder): TreeEntry[] {
  mkdirSync(order.into, { mode: 0o700 }); // Y3
  const same = new Map(order.same?.entries.map((entry) => [entry.path, entry]));
  const entries = keepRest(order, same);
  const kept = new Map(entries.map(({ path, kind }) => [path, kind]));
  const budget = { leftBytes: order.bytesMax };
  for (const found of walk(order.staged)) {
    order.between();
    if (found.kind === 'lost') throw lost(found);
    refuseForbidden(found, order.uid);
    if (isThere(found, kept, order)) continue;
    entries.push(
      copyEntry(order, found, () => copyFile(order, found, same.get(found.path), budget)),
    );
  }
  sealDirectories(order, entries);
  return entries;
}

/** What stays of the version that is shown. */
function keepRest(order: CopyOrder, same: ReadonlyMap<string, TreeEntry>): TreeEntry[] {
  const entries: TreeEntry[] = [];
  if (order.kept?.path === undefined) return entries;
  const current = openBelow(order.kept.path, []);
  try {
    for (const found of walk(current, order.kept.replacement.isReplaced)) {
      order.between();
      if (found.kind === 'lost') throw lost(found);
      entries.push(copyEntry(order, found, () => keepFile(order, found, same.get(found.path))));
    }
  } finally {
    closeSync(current);
  }
  return entries;
}

/** Whether it is a directory on the way to what is replaced, and is there already. */
function isThere(
  found: Found,
  kept: ReadonlyMap<string, TreeEntry['kind']>,
  order: CopyOrder,
): boolean {
  const problem = order.kept?.replacement.problem(found);
  if (problem !== undefined) throw refused(found.path, problem);
  const there = kept.get(found.path);
  if (there === undefined || there === 'directory') return there !== undefined;
  throw refused(found.path, 'is no directory in the version that is shown');
}

function copyEntry(order: CopyOrder, found: Found, ofFile: () => TreeEntry): TreeEntry {
  const { path, kind } = found;
  const to = join(order.into, path);
  if (Buffer.byteLength(to) > PATH_BYTES_MAX) {
    throw refused(`${path.slice(0, 100)}…`, 'is longer than a path can be');
  }
  switch (kind) {
    case 'directory':
      mkdirSync(to, { mode: 0o700 });
      return { kind, path, mode: 0o755 };
    case 'link': {
      const target = readlinkSync(found.address);
      const problem = linkProblem(path, target);
      if (problem !== undefined) throw refused(path, problem);
      symlinkSync(target, to);
      lchownSync(to, order.owner.uid, order.owner.gid);
      return { kind, path, target };
    }
    case 'file':
      return ofFile();
    case 'other':
      throw refused(path, 'is neither a file, a directory nor a link');
  }
}

/** Y2, Y3: deepest first, the top last. */
function sealDirectories(order: CopyOrder, entries: readonly TreeEntry[]): void {
  const { into, owner, topMode, between } = order;
  const directories = entries.filter((entry) => entry.kind === 'directory').reverse();
  for (const { path } of directories) {
    between();
    seal(join(into, path), 0o755, owner);
  }
  seal(into, topMode, owner);
}

function seal(path: string, mode: number, owner: Owner): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const directory = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    fchmodSync(directory, mode);
    fchownSync(directory, owner.uid, owner.gid);
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
