// From a lockfile to the tarballs that have to come in.
//
// Invariants:
//   C1. Every package has a digest stronger than SHA-1, or the update is refused.
//   C2. Only tarballs: links, git and directories are refused by name.
//   C3. What npm would leave out on this platform is left out.

import { fail } from '../../sdk/failure.js';
import type { ContentDigest } from '../../sdk/host.js';
import { at, isObject, textAt } from '../../sdk/json.js';

/** The algorithms of an integrity string, strongest first. */
const algorithms = ['sha512', 'sha256', 'sha1'] as const;
const PACKAGES_MAX = 2_000;
/** node_modules/a/node_modules/@b/c: segments of package names, none of them dots alone. */
const placePattern = /^(?:(?:^|\/)node_modules\/(?:@[a-z0-9-][\w.-]*\/)?[a-z0-9-][\w.-]*)+$/i;

export interface Tarball {
  /** Where it goes in the tree: "node_modules/x". */
  readonly place: string;
  readonly version: string;
  readonly url: string;
  readonly digests: readonly ContentDigest[];
}

export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc: string;
}

/** The tarballs of a lockfile, in its order. @throws UpdaterFailure for what can't be taken. */
export function tarballsOf(lockfile: unknown, platform: Platform): Tarball[] {
  const packages = at(lockfile, 'packages');
  if (!isObject(packages)) throw fail('UPDATER_ERROR', 'npm wrote a lockfile of an unknown form');
  const entries = Object.entries(packages).filter(([place]) => place !== '');
  if (entries.length > PACKAGES_MAX) {
    throw fail(
      'TOO_LARGE',
      `${String(entries.length)} packages; ${String(PACKAGES_MAX)} is the limit`,
    );
  }
  return entries.flatMap(([place, entry]) => {
    // T8: the place becomes a path.
    if (!placePattern.test(place))
      throw fail('UPDATER_ERROR', `${place} is no place for a package`);
    if (at(entry, 'inBundle') === true) return [];
    if (!fitsPlatform(entry, platform)) return left(place, entry);
    return [tarballOf(place, entry)];
  });
}

function left(place: string, entry: unknown): [] {
  if (at(entry, 'optional') === true) return []; // C3
  throw fail('PLATFORM_UNSUPPORTED', `${place} does not run on this platform`);
}

function tarballOf(place: string, entry: unknown): Tarball {
  const url = textAt(entry, 'resolved');
  const version = textAt(entry, 'version');
  if (at(entry, 'link') === true || url === undefined || version === undefined) {
    throw fail('SOURCE_UNSUPPORTED', `${place} is a link, not a package of the registry`); // C2
  }
  if (!/^https?:\/\//.test(url)) {
    throw fail('SOURCE_UNSUPPORTED', `${place} comes from ${url}, which is no tarball`); // C2
  }
  const digests = digestsOf(textAt(entry, 'integrity') ?? '');
  if (digests.every(({ algorithm }) => algorithm === 'sha1')) {
    throw fail('DIGEST_TOO_WEAK', `the registry gives no digest of ${place} stronger than SHA-1`); // C1
  }
  return { place, version, url, digests };
}

/** Reads an integrity string of the SRI form; several values of one algorithm are alternatives. */
function digestsOf(integrity: string): ContentDigest[] {
  const parts = integrity.split(/\s+/);
  return algorithms.flatMap((algorithm) => {
    const part = parts.find((each) => each.startsWith(`${algorithm}-`));
    if (part === undefined) return [];
    const value = part.slice(algorithm.length + 1).split('?')[0] ?? '';
    return [{ algorithm, hex: Buffer.from(value, 'base64').toString('hex') }];
  });
}

function fitsPlatform(entry: unknown, platform: Platform): boolean {
  return (['os', 'cpu', 'libc'] as const).every((key) => admits(at(entry, key), platform[key]));
}

/** npm's rule: nothing negated may match, and where anything is named, something has to. */
function admits(list: unknown, value: string): boolean {
  if (list === undefined) return true;
  const names = (Array.isArray(list) ? list : [list]).filter((each) => typeof each === 'string');
  if (names.includes(`!${value}`)) return false;
  const named = names.filter((each) => !each.startsWith('!'));
  return named.length === 0 || named.includes('any') || named.includes(value);
}
