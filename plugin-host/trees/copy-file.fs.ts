// One file of a staged tree, copied.
//
// Invariants:
//   Z1. The digest is of the bytes that were written, taken on the way.
//   Z2. What is judged is what was opened, not what was there a moment before.
//   Z3. Extended attributes are not copied, and so no file capability is (T26).
//   Z4. A file that is the same in the current version becomes a further name of that one, where
//       nobody but the host can write it: an fsync less for each of thousands of files.

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode, HostError } from '../channel/host-failure.js';
import { entryProblem, installedMode, nameProblem } from './staged-rules.js';
import type { TreeEntry } from './tree.js';
import { openSame, readThrough, type Found, type Opened } from './walk.fs.js';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What a tree may still hold. */
export interface Budget {
  leftBytes: number;
}

export interface CopyOrder {
  /** The staged tree, open. */
  readonly staged: number;
  /** Of its updater. */
  readonly uid: number;
  readonly bytesMax: number;
  /** Made by the copy; must not exist. */
  readonly into: string;
  readonly owner: Owner;
  /** Mode of the tree's own directory. */
  readonly topMode: number;
  /** The current version, where its files may be given further names. */
  readonly same: { readonly path: string; readonly entries: readonly TreeEntry[] } | undefined;
  /** Called between pieces: stands still while the run is frozen. */
  readonly between: () => void;
}

type FileEntry = Extract<TreeEntry, { kind: 'file' }>;

export function copyFile(
  order: CopyOrder,
  found: Found,
  was: TreeEntry | undefined,
  budget: Budget,
): FileEntry {
  const { path } = found;
  const to = join(order.into, path);
  const from = openSame(found.address, found.stat);
  try {
    const { stat } = from;
    refuseForbidden({ ...found, stat }, order.uid); // Z2
    const mode = installedMode('file', stat.mode);
    const twin = twinOf(from, was, { mode, sizeBytes: stat.size }, order);
    if (twin !== undefined && linked(twin.from, to)) {
      spend(budget, stat.size, path);
      return twin.entry;
    }
    const written = write(from, to, mode, order, (bytes) => {
      spend(budget, bytes, path);
    });
    return { kind: 'file', path, mode, ...written, uid: order.owner.uid };
  } finally {
    closeSync(from.fd);
  }
}

/** @throws HostError for what a staged tree may not hold. */
export function refuseForbidden({ path, name, kind, stat }: Found, uid: number): void {
  const problem =
    nameProblem(name) ??
    entryProblem({
      kind,
      mode: stat.mode,
      ownedByUpdater: stat.uid === uid,
      linkCount: stat.nlink,
    });
  if (problem !== undefined) throw refused(path, problem);
}

export function refused(path: string, problem: string): HostError {
  return new HostError('FIELD_INVALID', `the staged tree was refused: ${path} ${problem}`);
}

function spend(budget: Budget, bytes: number, path: string): void {
  budget.leftBytes -= bytes;
  if (budget.leftBytes < 0) throw refused(path, 'makes the tree larger than the run may write');
}

function write(
  from: Opened,
  path: string,
  mode: number,
  { owner, between }: CopyOrder,
  onBytes: (bytes: number) => void,
): { sizeBytes: number; sha256: string } {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const to = openSync(path, 'wx', 0o600);
  try {
    readThrough(from, (chunk) => {
      onBytes(chunk.byteLength);
      hash.update(chunk); // Z1
      appendFileSync(to, chunk);
      sizeBytes += chunk.byteLength;
      between();
    });
    fchownSync(to, owner.uid, owner.gid);
    fchmodSync(to, mode);
    fsyncSync(to);
  } finally {
    closeSync(to);
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** The file of the current version that has this content and may serve again (Z4), or undefined. */
function twinOf(
  staged: Opened,
  was: TreeEntry | undefined,
  like: { readonly mode: number; readonly sizeBytes: number },
  { owner, same, between }: CopyOrder,
): { readonly from: string; readonly entry: FileEntry } | undefined {
  const hostUid = process.getuid?.();
  if (same === undefined || was?.kind !== 'file') return undefined;
  if (was.uid !== hostUid || owner.uid !== hostUid) return undefined;
  if (was.mode !== like.mode || was.sizeBytes !== like.sizeBytes) return undefined;
  const hash = createHash('sha256');
  let seenBytes = 0;
  readThrough(staged, (chunk) => {
    seenBytes += chunk.byteLength;
    if (seenBytes > like.sizeBytes) throw refused(was.path, 'was changed while it was read');
    hash.update(chunk);
    between();
  });
  return hash.digest('hex') === was.sha256
    ? { from: join(same.path, was.path), entry: was }
    : undefined;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    // Too many names already: then it is a copy.
    if (errorCode(error) === 'EMLINK') return false;
    throw error;
  }
}
