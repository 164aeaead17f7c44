// Walking a tree that somebody else may be changing at this very moment (T9). With plain calls: a tree has
// thousands of entries, each of which would be handed to another thread and back five times.
//
// Invariants:
//   W1. No link is followed, in no segment: every directory is opened below its parent's descriptor
//       with O_NOFOLLOW, so that swapping one for a link ends the walk and leads nowhere.
//   W2. What was looked at is what is opened: device and inode are compared after the opening.
//   W3. Count and depth are bounded while walking, not afterwards.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  type Stats,
} from 'node:fs';
import { HostError } from '../channel/host-failure.js';
import { DEPTH_MAX, FILES_MAX, type EntryKind } from './staged-rules.js';

/** Of a name that cannot be looked at. */
export interface Lost {
  readonly kind: 'lost';
  readonly path: string;
}

export interface Found {
  /** Relative to the tree, "/" between segments. */
  readonly path: string;
  readonly name: string;
  readonly kind: EntryKind;
  /** A path that leads there through the parent's descriptor; valid until the next one is asked for. */
  readonly address: string;
  readonly stat: Stats;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Everything below the open directory `root`, a directory before what it holds, names in order.
 * @param passes what is passed by, with all that is below it.
 */
export function walk(
  root: number,
  passes: (path: string) => boolean = () => false,
): Generator<Found | Lost, void, undefined> {
  return walkBelow({ directory: root, path: '', depth: 1 }, { count: 0 }, passes);
}

function* walkBelow(
  at: { readonly directory: number; readonly path: string; readonly depth: number },
  seen: { count: number },
  passes: (path: string) => boolean,
): Generator<Found | Lost, void, undefined> {
  // W3.
  if (at.depth > DEPTH_MAX) {
    throw tooLarge(`${at.path} is deeper than ${String(DEPTH_MAX)} directories`);
  }
  for (const name of namesIn(at.directory, seen)) {
    const path = at.path === '' ? name : `${at.path}/${name}`;
    if (passes(path)) continue;
    const address = `${addressOf(at.directory)}/${name}`;
    const stat = statOf(address);
    if (stat === undefined) {
      yield { kind: 'lost', path };
      continue;
    }
    const kind = kindOf(stat);
    yield { path, name, kind, address, stat };
    if (kind !== 'directory') continue;
    const child = openSame(address, stat, constants.O_DIRECTORY);
    try {
      yield* walkBelow({ directory: child.fd, path, depth: at.depth + 1 }, seen, passes);
    } finally {
      closeSync(child.fd);
    }
  }
}

function namesIn(directory: number, seen: { count: number }): string[] {
  const names: string[] = [];
  const entries = opendirSync(addressOf(directory));
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      seen.count += 1;
      if (seen.count > FILES_MAX) throw tooLarge(`it holds more than ${String(FILES_MAX)} files`);
      names.push(entry.name);
    }
  } finally {
    entries.closeSync();
  }
  return names.sort(byText);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function statOf(address: string): Stats | undefined {
  try {
    return lstatSync(address, { throwIfNoEntry: false });
  } catch {
    return undefined; // Its directory cannot be searched, for one: it is lost as well.
  }
}

export interface Opened {
  readonly fd: number;
  /** Of what was opened. */
  readonly stat: Stats;
}

/** Opens what `stat` was taken of (W1, W2). O_NONBLOCK: a pipe put there would wait for a writer. */
export function openSame(address: string, stat: Stats, flags = 0): Opened {
  const fd = openSync(
    address,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags,
  );
  const opened = fstatSync(fd);
  if (opened.ino === stat.ino && opened.dev === stat.dev) return { fd, stat: opened };
  closeSync(fd);
  throw new HostError('FIELD_INVALID', 'the tree was changed while it was read');
}

/** Opens a directory below another one, segment by segment, following no link (W1). */
export function openBelow(base: string, segments: readonly string[]): number {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  let directory = openSync(base, flags);
  for (const segment of segments) {
    const parent = directory;
    try {
      directory = openSync(`${addressOf(parent)}/${segment}`, flags);
    } finally {
      closeSync(parent);
    }
  }
  return directory;
}

/**
 * Reads an open file to its end, from its beginning. The end is where nothing more comes, or less than was
 * asked for from its size on: one read for most files, of which a tree has thousands.
 */
export function readThrough({ fd, stat }: Opened, onChunk: (chunk: Buffer) => void): void {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, stat.size + 1));
  let position = 0;
  for (;;) {
    const bytesRead = readSync(fd, buffer, 0, buffer.byteLength, position);
    if (bytesRead === 0) return;
    onChunk(buffer.subarray(0, bytesRead));
    position += bytesRead;
    if (bytesRead < buffer.byteLength && position >= stat.size) return;
  }
}

function addressOf(directory: number): string {
  return `/proc/self/fd/${String(directory)}`;
}

function kindOf(stat: Stats): EntryKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

function tooLarge(words: string): HostError {
  return new HostError('FIELD_INVALID', words);
}
