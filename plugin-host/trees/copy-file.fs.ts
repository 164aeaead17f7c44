// One file of a staged tree, copied.
//
// Invariants:
//   Z1. The digest is of the bytes that were written, taken on the way.
//   Z2. What is judged is what was opened, not what was there a moment before.
//   Z3. Extended attributes are not copied, and so no file capability is (T26).
//   Z4. A file that is the same in the current version, or stays as it is there, becomes a further name of
//       that one, where nobody but the host can write it: an fsync less for each of thousands of files.

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode, HostError } from '../channel/host-failure.js';
import type { Replacement } from './replacement.js';
import { entryProblem, installedMode, nameProblem } from './staged-rules.js';
import type { TreeEntry } from './tree.js';
import { openSame, readThrough, type Found, type Lost, type Opened } from './walk.fs.js';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What a tree may still hold. */
export interface Budget {
  leftBytes: number;
}

export interface CurrentVersion {
  readonly path: string;
  readonly entries: readonly TreeEntry[];
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
  readonly same: CurrentVersion | undefined;
  /** What stays of the current version; absent: nothing does. */
  readonly kept?: {
    readonly replacement: Replacement;
    /** Absent: there is no current version. */
    readonly path: string | undefined;
  };
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
  const from = openSame(found.address, found.stat);
  try {
    const { stat } = from;
    refuseForbidden({ ...found, stat }, order.uid); // Z2
    const twin = reusable(was, stat, order);
    if (twin !== undefined && hasContent(from, twin, order) && linked(twin, order)) {
      spend(budget, stat.size, path);
      return twin;
    }
    return write(from, path, order, (bytes) => {
      spend(budget, bytes, path);
    });
  } finally {
    closeSync(from.fd);
  }
}

/** A file of the current version that stays. */
export function keepFile(order: CopyOrder, found: Found, was: TreeEntry | undefined): FileEntry {
  const same = reusable(was, found.stat, order);
  if (same !== undefined && linked(same, order)) return same;
  const from = openSame(found.address, found.stat);
  try {
    return write(from, found.path, order, () => undefined);
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

export function lost({ path }: Lost): HostError {
  return refused(path, 'has a name that is not text, or went away');
}

export function refused(path: string, problem: string): HostError {
  return new HostError('FIELD_INVALID', `the tree was refused: ${path} ${problem}`);
}

function spend(budget: Budget, bytes: number, path: string): void {
  budget.leftBytes -= bytes;
  if (budget.leftBytes < 0) throw refused(path, 'makes the tree larger than the run may write');
}

function write(
  from: Opened,
  path: string,
  { into, owner, between }: CopyOrder,
  onBytes: (bytes: number) => void,
): FileEntry {
  const hash = createHash('sha256');
  const mode = installedMode('file', from.stat.mode);
  let sizeBytes = 0;
  const to = openSync(join(into, path), 'wx', 0o600);
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
  return { kind: 'file', path, mode, sizeBytes, sha256: hash.digest('hex'), uid: owner.uid };
}

/** The file of the current version that may serve again, if its content is the same (Z4). */
function reusable(
  was: TreeEntry | undefined,
  { mode, size }: Stats,
  { owner, same }: CopyOrder,
): FileEntry | undefined {
  const hostUid = process.getuid?.();
  if (same === undefined || was?.kind !== 'file') return undefined;
  if (was.uid !== hostUid || owner.uid !== hostUid) return undefined;
  return was.mode === installedMode('file', mode) && was.sizeBytes === size ? was : undefined;
}

function hasContent(staged: Opened, twin: FileEntry, { between }: CopyOrder): boolean {
  const hash = createHash('sha256');
  let seenBytes = 0;
  readThrough(staged, (chunk) => {
    seenBytes += chunk.byteLength;
    if (seenBytes > twin.sizeBytes) throw refused(twin.path, 'was changed while it was read');
    hash.update(chunk);
    between();
  });
  return hash.digest('hex') === twin.sha256;
}

function linked({ path }: FileEntry, { same, into }: CopyOrder): boolean {
  try {
    linkSync(join(same?.path ?? '', path), join(into, path));
    return true;
  } catch (error) {
    // Too many names already: then it is a copy.
    if (errorCode(error) === 'EMLINK') return false;
    throw error;
  }
}
