// Locks of files, as the kernel lists them in /proc/locks.

/** A file, by what the kernel calls it. */
export interface FileId {
  readonly major: number;
  readonly minor: number;
  readonly inode: number;
}

/** More locks are not looked at. */
const LOCKS_MAX = 20_000;
const held =
  /^\d+: (?:POSIX|FLOCK|OFDLCK) +\S+ +(?:WRITE|READ) +-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** The files on which a lock is held. Those that wait for one ("->") hold nothing. */
export function parseLocks(text: string): FileId[] {
  return text.split('\n', LOCKS_MAX).flatMap((line) => {
    const found = held.exec(line);
    if (found === null) return [];
    const [, major = '', minor = '', inode = ''] = found;
    return [
      {
        major: Number.parseInt(major, 16),
        minor: Number.parseInt(minor, 16),
        inode: Number(inode),
      },
    ];
  });
}

/**
 * Whether both are one file. File systems without a device of their own (major 0: Btrfs, overlays)
 * tell stat another number than they tell the kernel, so that their inode alone decides.
 */
export function sameFile(a: FileId, b: FileId): boolean {
  if (a.inode !== b.inode) return false;
  if (a.major === 0 || b.major === 0) return true;
  return a.major === b.major && a.minor === b.minor;
}
