// Which version an install root shows, and changing that.
//
// Invariants:
//   W1. From version to version the root's link is replaced by one rename: whoever looks sees the old
//       version or the new one, whole.
//   W2. An ordinary directory is adopted by two renames, one right after the other: it becomes a
//       version, and the link takes its place. Between the two the root does not exist, for some
//       microseconds; a crash there is repaired by `recoverSwap`, which shows the old content again.
//       It happens once in a root's life. (One exchanging rename would do it, but Node has none.)
//   W3. The versions' directory is the host's: one that somebody else put there is refused.

import { renameSync } from 'node:fs';
import { lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeDurably } from '../artifacts/durable.fs.js';
import { errorCode, HostError } from '../channel/host-failure.js';
import {
  ADOPTED,
  keptVersions,
  linkTarget,
  PARTIAL_SUFFIX,
  versionOfLink,
  versionsAmong,
  type Place,
} from './layout.js';

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
    if (errorCode(error) !== 'EEXIST') throw error;
    const stat = await lstat(place.versions);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
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
export async function show(place: Place, version: string): Promise<void> {
  const next = join(place.versions, `next${PARTIAL_SUFFIX}`);
  await rm(next, { force: true });
  await symlink(linkTarget(place, version), next);
  const shown = await shownAt(place);
  if (shown.kind === 'directory') await adopt(place, next);
  else await rename(next, place.path); // W1
  await syncDirectory(place.parent);
  if (shown.kind === 'directory') await rm(place.adopting, { force: true });
}

/** W2. */
async function adopt(place: Place, next: string): Promise<void> {
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
  for (const name of await readdir(place.versions)) {
    if (!name.endsWith(PARTIAL_SUFFIX)) continue;
    await rm(join(place.versions, name), { recursive: true, force: true });
  }
  return true;
}

/** Keeps the version that is shown and so many before it; none of a root that shows none. */
export async function pruneVersions(place: Place, beforeCount: number): Promise<void> {
  const shown = await shownAt(place);
  const versions = await versionsOf(place);
  const kept = shown.kind === 'version' ? keptVersions(versions, shown.version, beforeCount) : [];
  for (const version of versions.filter((each) => !kept.includes(each))) {
    await rm(join(place.versions, version), { recursive: true, force: true });
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
