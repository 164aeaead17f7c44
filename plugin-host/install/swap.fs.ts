// Which version an install root shows, and changing that.
//
// Invariants:
//   W1. From version to version the root's link is replaced by one rename: whoever looks sees the old
//       version or the new one, whole.
//   W2. An ordinary directory is adopted once, by one exchanging rename: it becomes a version, and the
//       link takes its place. Where the machine cannot exchange, by two renames, one right after the
//       other: between the two the root does not exist, for some microseconds; a crash there is
//       repaired by `recoverSwap`, which shows the old content again.
//   W3. The versions' directory is the host's: one that somebody else put there is refused.
//   W4. A version is whole or is none: it loses its name before it is removed.
//   W5. What is removed may belong to somebody who is in it at this moment: see removeTree.

import { renameSync } from 'node:fs';
import { lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeDurably } from '../../runtime/durable.fs.js';
import { errorCode, HostError } from '../channel/host-failure.js';
import type { Exchange } from './exchange.spawn.js';
import {
  ADOPTED,
  keptVersions,
  linkTarget,
  PARTIAL_SUFFIX,
  versionOfLink,
  versionsAmong,
  type Place,
} from './layout.js';
import { NOTHING } from './receipts.fs.js';
import { removeTree } from './remove-tree.spawn.js';

export type Shown =
  | { readonly kind: 'nothing' }
  /** Not adopted yet. */
  | { readonly kind: 'directory' }
  | { readonly kind: 'version'; readonly version: string };

/** @throws HostError for a root that is something else. */
export async function shownAt(place: Place): Promise<Shown> {
  const stat = await lstatIfThere(place.path);
  if (stat === undefined) return { kind: 'nothing' };
  if (stat.isDirectory()) return { kind: 'directory' };
  const target = stat.isSymbolicLink() ? await readlink(place.path) : '';
  const version = versionOfLink(place, target);
  if (version !== undefined) return { kind: 'version', version };
  throw new HostError(
    'APPLY_FAILED',
    `${place.path} is ${target === '' ? 'not a directory' : `a link to ${target}`}; bind the install root to the directory itself`,
  );
}

/** The version that is shown, or that nothing is; undefined: something that is not Lull's. */
export async function versionAt(place: Place): Promise<string | undefined> {
  const shown = await shownAt(place);
  if (shown.kind === 'nothing') return NOTHING;
  return shown.kind === 'version' ? shown.version : undefined;
}

/** The directory that is shown, without a link in its path. */
export function shownPath(place: Place, shown: Exclude<Shown, { kind: 'nothing' }>): string {
  return shown.kind === 'directory' ? place.path : join(place.versions, shown.version);
}

/** Makes the versions' directory, or finds that it is the host's own (W3). */
export async function prepareVersions(place: Place): Promise<void> {
  try {
    await mkdir(place.versions, { mode: 0o755 });
    await syncDirectory(place.parent);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new HostError(
        'APPLY_FAILED',
        `${place.parent} is not there, and ${place.path} cannot be installed: the operator of the machine has to make that directory`,
      );
    }
    if (errorCode(error) !== 'EEXIST') throw error;
    const stat = await lstat(place.versions);
    const isOurs = stat.isDirectory() && stat.uid === process.getuid?.();
    if (!isOurs || (stat.mode & 0o022) !== 0) {
      throw new HostError('APPLY_FAILED', `${place.versions} is not Lull's. Remove it.`);
    }
  }
}

export async function versionsOf(place: Place): Promise<readonly string[]> {
  try {
    return versionsAmong(await readdir(place.versions));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Shows `version`, which is whole and on the disk. */
export async function show(place: Place, version: string, exchange: Exchange): Promise<void> {
  const target = linkTarget(place, version);
  if ((await shownAt(place)).kind === 'directory') {
    if (!(await adoptAtOnce(place, target, exchange))) await adoptInTwoSteps(place, target);
    await syncDirectory(place.parent);
    await syncDirectory(place.versions);
    await rm(place.adopting, { force: true });
    return;
  }
  await rename(await nextLink(place, target), place.path); // W1
  await syncDirectory(place.parent);
}

async function nextLink(place: Place, target: string): Promise<string> {
  const next = join(place.versions, `next${PARTIAL_SUFFIX}`);
  await rm(next, { force: true });
  await symlink(target, next);
  return next;
}

/** There was nothing before there was anything of Lull's. */
export async function showNothing(place: Place): Promise<void> {
  if ((await shownAt(place)).kind !== 'version') return;
  await rm(place.path);
  await syncDirectory(place.parent);
}

/** W2. The link waits under the name that the directory gets. */
async function adoptAtOnce(place: Place, target: string, exchange: Exchange): Promise<boolean> {
  const adopted = join(place.versions, ADOPTED);
  await symlink(target, adopted);
  await syncDirectory(place.versions);
  await exchange(place.path, adopted);
  // Looked at, whatever was answered: a call that was cut short may have been made.
  if ((await shownAt(place)).kind === 'version') return true;
  await rm(adopted);
  return false;
}

/** W2. */
async function adoptInTwoSteps(place: Place, target: string): Promise<void> {
  const next = await nextLink(place, target);
  await writeDurably(place.adopting, place.path);
  try {
    renameSync(place.path, join(place.versions, ADOPTED));
  } catch (error) {
    await rm(place.adopting, { force: true });
    if (errorCode(error) !== 'EBUSY' && errorCode(error) !== 'EXDEV') throw error;
    throw new HostError('APPLY_FAILED', `${place.path} is a mount point; bind a directory in it`);
  }
  renameSync(next, place.path);
}

/**
 * Makes a root whole again after a crash at any instant. Does nothing where nothing is amiss.
 * Answers whether the root has ever been Lull's.
 */
export async function recoverSwap(place: Place): Promise<boolean> {
  if ((await lstatIfThere(place.versions)) === undefined) return false;
  await prepareVersions(place);
  if ((await lstatIfThere(place.adopting)) !== undefined) {
    const shown = await shownAt(place);
    const adopted = await lstatIfThere(join(place.versions, ADOPTED));
    if (shown.kind === 'nothing' && adopted !== undefined) {
      await symlink(linkTarget(place, ADOPTED), place.path);
      await syncDirectory(place.parent);
    }
    await rm(place.adopting, { force: true });
  }
  // A link in place of a version was to be exchanged for the directory, and was not.
  const adopted = join(place.versions, ADOPTED);
  if ((await lstatIfThere(adopted))?.isSymbolicLink() === true) await rm(adopted);
  for (const name of await readdir(place.versions)) {
    if (name.endsWith(PARTIAL_SUFFIX)) await removeTree(join(place.versions, name));
  }
  return true;
}

/** Keeps the version that is shown and so many before it; none of a root that shows none. */
export async function pruneVersions(place: Place, beforeCount: number): Promise<void> {
  const shown = await shownAt(place);
  const versions = await versionsOf(place);
  const kept = shown.kind === 'version' ? keptVersions(versions, shown.version, beforeCount) : [];
  for (const version of versions.filter((each) => !kept.includes(each))) {
    const doomed = join(place.versions, `${version}${PARTIAL_SUFFIX}`);
    await rename(join(place.versions, version), doomed); // W4
    await syncDirectory(place.versions);
    await removeTree(doomed); // W5
  }
}

async function lstatIfThere(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
