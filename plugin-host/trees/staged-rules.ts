// What a staged tree may hold (T8, T9, T26). An updater wrote it; it is read as hostile.

export const FILES_MAX = 100_000;
export const DEPTH_MAX = 64;
const PATH_BYTES_MAX = 4_096;

export type EntryKind = 'file' | 'directory' | 'link' | 'other';

/** The segments of a path relative to the work directory, or undefined when it is not plain. */
export function plainSegments(path: string): readonly string[] | undefined {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return undefined;
  const segments = path.split('/');
  const plain = segments.every((segment) => nameProblem(segment) === undefined);
  return plain && segments.length <= DEPTH_MAX ? segments : undefined;
}

/** Why a name is refused (T7), or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'is not a plain name';
  if (/(?![\u0080-\u009f])[\p{Cc}/\ufffd]/u.test(name))
    return 'has a name with unprintable characters';
  return undefined;
}

/** Why an entry is refused, or undefined. */
export function entryProblem(entry: {
  readonly kind: EntryKind;
  readonly mode: number;
  readonly ownedByUpdater: boolean;
  readonly linkCount: number;
}): string | undefined {
  switch (entry.kind) {
    case 'link':
      return undefined;
    case 'other':
      return 'is a device, a socket or a pipe';
    case 'file':
    case 'directory':
      if ((entry.mode & 0o7000) !== 0) return 'has a setuid, setgid or sticky bit';
      if ((entry.mode & 0o002) !== 0) return 'can be written by everybody';
      // A hard link may be the only way to a file that the updater cannot read itself.
      if (entry.kind === 'file' && entry.linkCount > 1 && !entry.ownedByUpdater) {
        return 'is a further name of a file that belongs to somebody else';
      }
      return undefined;
  }
}

/**
 * Why a symbolic link is refused, or undefined.
 *
 * Only leading ".." segments are allowed, and no more of them than directories above the link. With
 * ".." after a name, a chain of links that each look harmless could climb out: `a -> ..` and
 * `b -> a/..`.
 */
export function linkProblem(path: string, target: string): string | undefined {
  if (target === '' || target.includes('\0')) return 'points nowhere';
  if (target.startsWith('/')) return 'is a link with an absolute target';
  const segments = target.split('/').filter((segment) => segment !== '' && segment !== '.');
  const firstName = segments.findIndex((segment) => segment !== '..');
  const climbs = firstName === -1 ? segments.length : firstName;
  if (firstName !== -1 && segments.slice(firstName).includes('..')) {
    return 'is a link that goes up after it went down';
  }
  const directoriesAbove = path.split('/').length - 1;
  return climbs > directoriesAbove ? 'is a link out of the tree' : undefined;
}

/** The mode that an installed file or directory gets: its executable bit, and nothing else of it. */
export function installedMode(kind: 'file' | 'directory', mode: number): number {
  return kind === 'directory' || (mode & 0o100) !== 0 ? 0o755 : 0o644;
}
