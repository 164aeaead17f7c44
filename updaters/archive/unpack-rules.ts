// What may come out of an archive: pure.
//
// Invariants:
//   A1. Each path is plain, and lies below the tree (T8).
//   A2. Each link leads from its place to one below the tree, as Commit judges it: up first, and down then.

import { fail } from '../../sdk/failure.js';

/** As Commit bounds them. */
export const FILES_MAX = 99_000;
const DEPTH_MAX = 63;
const PATH_CHARACTERS_MAX = 2_048;

/** What can't be taken: trying again would find the same file. */
export function unreadable(words: string, cause?: unknown): Error {
  return fail('ARCHIVE_UNREADABLE', words, { cause });
}

/** The path of an entry without what says nothing; empty for the top itself. @throws UpdaterFailure (A1) */
export function plainPath(name: string): string {
  if (name.startsWith('/')) throw unreadable(`the archive names ${shown(name)}, outside of it`);
  const segments = name.split('/').filter((each) => each !== '' && each !== '.');
  if (segments.includes('..')) throw unreadable(`the archive names ${shown(name)}, outside of it`);
  if (name.length > PATH_CHARACTERS_MAX || segments.length > DEPTH_MAX) {
    throw unreadable(`the archive has the path ${shown(name)}, which is too deep or too long`);
  }
  if (/[\p{Cc}\ufffd]/u.test(name)) {
    throw unreadable(
      `the archive has the path ${shown(name)}, with characters that no name should have`,
    );
  }
  return segments.join('/');
}

/** @throws UpdaterFailure (A2) */
export function requireInside(path: string, target: string): void {
  const segments = target.split('/').filter((each) => each !== '' && each !== '.');
  const firstName = segments.findIndex((each) => each !== '..');
  const climbs = firstName === -1 ? segments.length : firstName;
  const goesUpAgain = firstName !== -1 && segments.slice(firstName).includes('..');
  const isPlain = target !== '' && !target.startsWith('/') && !target.includes('\0');
  if (isPlain && !goesUpAgain && climbs < path.split('/').length) return;
  throw unreadable(`the link ${path} leads to ${shown(target)}, out of the archive`);
}

/**
 * The one directory that all paths lie in, with its slash; or nothing.
 * @param program what is there with it is what the operator means.
 */
export function topOf(paths: readonly string[], program: string): string {
  const [first = ''] = paths;
  const top = first.slice(0, first.indexOf('/') + 1);
  if (top === '' || paths.includes(program)) return '';
  return paths.every((path) => path.startsWith(top)) ? top : '';
}

/** A name as words may have it. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
