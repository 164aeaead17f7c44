// Where the versions of an install root lie, and what they are called.
//
//   /opt/tools                  a link to .tools.lull/3-1f0c22ab94d1
//   /opt/.tools.lull/           the host's, on the same file system
//     2-77aa…/  3-1f0c…/        the version before, and the current one; as many before as policy keeps
//     0-adopted/                what was there before Lull came
//     receipts/                 what was done, and for whom
//     adopting                  there while an ordinary directory becomes a version
//
// Numbers only grow: the version before is the highest below the current one, and what is above it
// was never made current, or was reverted.

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** An install root's path and the places that belong to it. */
export interface Place {
  readonly path: string;
  readonly parent: string;
  readonly versions: string;
  readonly receipts: string;
  /** The intent file of an adoption. */
  readonly adopting: string;
}

export const ADOPTED = '0-adopted';
/** What is being written; never a version, removed when found. */
export const PARTIAL_SUFFIX = '.partial';

export function placeOf(path: string): Place {
  const parent = dirname(path);
  const versions = join(parent, `.${basename(path)}.lull`);
  return {
    path,
    parent,
    versions,
    receipts: join(versions, 'receipts'),
    adopting: join(versions, 'adopting'),
  };
}

export function versionName(number: number, runId: string): string {
  return `${String(number)}-${createHash('sha256').update(runId).digest('hex').slice(0, 12)}`;
}

/** The number of a version, or undefined for a name that is none. */
export function versionNumber(name: string): number | undefined {
  if (name === ADOPTED) return 0;
  const match = /^([1-9]\d{0,8})-[0-9a-f]{12}$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** What the root's link holds for a version: relative, so that the parent can be moved. */
export function linkTarget(place: Place, version: string): string {
  return `${basename(place.versions)}/${version}`;
}

/** The version that a link's content names, or undefined for a link that is not Lull's. */
export function versionOfLink(place: Place, target: string): string | undefined {
  const prefix = `${basename(place.versions)}/`;
  const name = target.startsWith(prefix) ? target.slice(prefix.length) : '';
  return versionNumber(name) === undefined ? undefined : name;
}

/** Versions among `names`, lowest first. */
export function versionsAmong(names: readonly string[]): readonly string[] {
  return names
    .flatMap((name) => {
      const number = versionNumber(name);
      return number === undefined ? [] : [{ name, number }];
    })
    .sort((a, b) => a.number - b.number)
    .map(({ name }) => name);
}

/** The version before `current`, or undefined when none is kept. */
export function versionBefore(versions: readonly string[], current: string): string | undefined {
  return versions[versions.indexOf(current) - 1];
}

/** What is kept: the current version, and so many before it. */
export function keptVersions(
  versions: readonly string[],
  current: string,
  beforeCount: number,
): readonly string[] {
  const at = versions.indexOf(current);
  return versions.slice(Math.max(0, at - beforeCount), at + 1);
}

/** A number that no version among these has had. */
export function nextNumber(versions: readonly string[]): number {
  return Math.max(0, ...versions.map((name) => versionNumber(name) ?? 0)) + 1;
}
