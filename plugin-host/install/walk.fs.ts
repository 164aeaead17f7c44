// Walking a tree that somebody else may be changing at this very moment (T9).
//
// Invariants:
//   W1. No link is followed, in no segment: every directory is opened below its parent's descriptor
//       with O_NOFOLLOW, so that swapping one for a link ends the walk and leads nowhere.
//   W2. What was looked at is what is opened: device and inode are compared after the opening.
//   W3. Count and depth are bounded while walking, not afterwards.

import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises';
import { HostError } from '../channel/host-failure.js';
import { inSlices } from './slices.loop.js';
import { sorted } from './slices.js';
import { DEPTH_MAX, FILES_MAX, type EntryKind } from './staged-rules.js';

export interface Found {
  /** Relative to the tree, "/" between segments. */
  readonly path: string;
  readonly name: string;
  readonly kind: EntryKind;
  /** A path that leads there through the parent's descriptor; valid during the visit. */
  readonly address: string;
  readonly stat: Stats;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Visits everything below `root`, a directory before what it holds, names in order.
 * @param lost called for a name that cannot be looked at.
 */
export async function walk(
  root: FileHandle,
  visit: (found: Found) => Promise<void>,
  lost: (path: string) => void,
): Promise<void> {
  const seen = { count: 0 };
  await walkBelow(root, '', 1, seen, visit, lost);
}

async function walkBelow(
  directory: FileHandle,
  below: string,
  depth: number,
  seen: { count: number },
  visit: (found: Found) => Promise<void>,
  lost: (path: string) => void,
): Promise<void> {
  // W3.
  if (depth > DEPTH_MAX) throw tooLarge(`${below} is deeper than ${String(DEPTH_MAX)} directories`);
  for (const name of await namesIn(directory, seen)) {
    const path = below === '' ? name : `${below}/${name}`;
    const address = `${addressOf(directory)}/${name}`;
    const stat = await lstat(address).catch(() => undefined);
    if (stat === undefined) {
      lost(path);
      continue;
    }
    const kind = kindOf(stat);
    await visit({ path, name, kind, address, stat });
    if (kind !== 'directory') continue;
    const child = await openSame(address, stat, constants.O_DIRECTORY);
    try {
      await walkBelow(child.file, path, depth + 1, seen, visit, lost);
    } finally {
      await child.file.close();
    }
  }
}

async function namesIn(directory: FileHandle, seen: { count: number }): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(addressOf(directory))) {
    seen.count += 1;
    if (seen.count > FILES_MAX) throw tooLarge(`it holds more than ${String(FILES_MAX)} files`);
    names.push(entry.name);
  }
  return inSlices(sorted(names, byText), () => Promise.resolve());
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Opened {
  readonly file: FileHandle;
  /** Of what was opened. */
  readonly stat: Stats;
}

/** Opens what `stat` was taken of (W1, W2). O_NONBLOCK: a pipe put there would wait for a writer. */
export async function openSame(address: string, stat: Stats, flags = 0): Promise<Opened> {
  const file = await open(
    address,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags,
  );
  const opened = await file.stat();
  if (opened.ino === stat.ino && opened.dev === stat.dev) return { file, stat: opened };
  await file.close();
  throw new HostError('FIELD_INVALID', 'the tree was changed while it was read');
}

/** Opens a directory below another one, segment by segment, following no link (W1). */
export async function openBelow(base: string, segments: readonly string[]): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  let directory = await open(base, flags);
  for (const segment of segments) {
    const parent = directory;
    try {
      directory = await open(`${addressOf(parent)}/${segment}`, flags);
    } finally {
      await parent.close();
    }
  }
  return directory;
}

/**
 * Reads an open file to its end, from its beginning. The end is where nothing more comes, or less than was
 * asked for from its size on: one read for most files, of which a tree has thousands.
 */
export async function readThrough(
  { file, stat }: Opened,
  onChunk: (chunk: Buffer) => Promise<void> | void,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, stat.size + 1));
  let position = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position);
    if (bytesRead === 0) return;
    await onChunk(buffer.subarray(0, bytesRead));
    position += bytesRead;
    if (bytesRead < buffer.byteLength && position >= stat.size) return;
  }
}

function addressOf(directory: FileHandle): string {
  return `/proc/self/fd/${String(directory.fd)}`;
}

function kindOf(stat: Stats): EntryKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

function tooLarge(words: string): HostError {
  return new HostError('FIELD_INVALID', words);
}
