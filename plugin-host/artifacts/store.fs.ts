// Content by digest: `<dir>/sha256/<hex>`, and under every other strong digest it was ordered by as a
// further name of the same file.
//
// Invariants:
//   S1. A name appears only after the content was hashed, found good and synced; and durably.
//   S2. Content belongs to the host and is read-only (T1). An updater sees a further name of the same
//       file, in a directory that is read-only for it.
//   S3. What is found is hashed again before it is given to a run: a name is a claim, not a proof.
//   S4. Whose it is is asked before it is read: what another one fetched costs whoever names its digest
//       nothing of the host's time, and tells nothing by how long it takes (T15, T23).

import {
  chmod,
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  utimes,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../channel/host-failure.js';
import { firstMismatch, sha256In, startDigests, type Digests } from './digests.js';
import { syncDirectory } from '../../runtime/durable.fs.js';
import { isStrong, type ExpectedDigest, type StoredContent } from './order.js';

export interface FoundContent extends StoredContent {
  readonly digests: Digests;
}

/**
 * Looks for content that has all these digests.
 * @param between awaited between pieces.
 * @param artifactsDir only what was shown there before (S4); absent: whatever is stored.
 */
export async function findStored(
  dir: string,
  expected: readonly ExpectedDigest[],
  between: () => Promise<unknown>,
  artifactsDir?: string,
): Promise<FoundContent | undefined> {
  for (const { algorithm, hex } of expected.filter(isStrong)) {
    const path = join(dir, algorithm, hex);
    if (artifactsDir !== undefined && !(await mayBeShown(path, artifactsDir))) continue;
    const found = await hashFile(path, expected, between);
    if (found === undefined) continue;
    // S3: content that went bad under its name is removed, not given out.
    if (firstMismatch([{ algorithm, hex }], found.digests) !== undefined) {
      await rm(path, { force: true });
      continue;
    }
    if (firstMismatch(expected, found.digests) !== undefined) return undefined;
    const sha256 = sha256In(found.digests);
    if (artifactsDir !== undefined && !(await isThere(join(artifactsDir, sha256)))) continue;
    await nameIt(path, join(dir, 'sha256', sha256));
    return { sha256, ...found };
  }
  return undefined;
}

/** Whether it is there, whatever it is. */
export function isStored(dir: string, sha256: string): Promise<boolean> {
  return isThere(join(dir, 'sha256', sha256));
}

/** Takes a finished and verified partial file into the store (S1, S2). */
export async function adopt(
  dir: string,
  partialPath: string,
  digests: Digests,
  between: () => Promise<unknown>,
): Promise<string> {
  const sha256 = sha256In(digests);
  const path = join(dir, 'sha256', sha256);
  await mkdir(dirname(path), { recursive: true, mode: 0o711 });
  // What another updater fetched is the same file: names of two would not be let go of together.
  const known = await findStored(dir, [{ algorithm: 'sha256', hex: sha256 }], between);
  if (known === undefined) {
    await chmod(partialPath, 0o444);
    await rename(partialPath, path);
    await syncDirectory(dirname(path));
  }
  const sha512 = digests.get('sha512');
  if (sha512 !== undefined) await nameIt(path, join(dir, 'sha512', sha512));
  return sha256;
}

/**
 * Whether a stored file can have been shown there: under sha256, which an order need not name. The same
 * file has the same inode; a copy, on another file system, the same size.
 */
async function mayBeShown(path: string, artifactsDir: string): Promise<boolean> {
  const found = await stat(path).catch(nothingIfGone);
  if (found === undefined) return false;
  for (const name of [basename(path), ...(await readdir(artifactsDir))]) {
    const shown = await stat(join(artifactsDir, name)).catch(nothingIfGone);
    if (shown?.size !== found.size) continue;
    if (shown.dev !== found.dev || shown.ino === found.ino) return true;
  }
  return false;
}

/** Makes stored content visible in a run's directory, and notes that it was of use. */
export async function showIn(
  dir: string,
  sha256: string,
  artifactsDir: string,
  at: Date,
): Promise<void> {
  const from = join(dir, 'sha256', sha256);
  await utimes(from, at, at);
  const to = join(artifactsDir, sha256);
  try {
    await link(from, to);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'EXDEV') throw error;
    // Another file system: a copy, under its name only when it is whole.
    const partial = join(artifactsDir, `.${basename(to)}.partial`);
    await copyFile(from, partial, constants.COPYFILE_FICLONE);
    await chmod(partial, 0o444);
    await rename(partial, to);
  }
}

/** A further name. Not synced: one that a power cut takes away costs a download, nothing else. */
async function nameIt(existing: string, name: string): Promise<void> {
  if (existing === name) return;
  await mkdir(dirname(name), { recursive: true, mode: 0o711 });
  try {
    await link(existing, name);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
}

async function hashFile(
  path: string,
  expected: readonly ExpectedDigest[],
  between: () => Promise<unknown>,
): Promise<{ digests: Digests; sizeBytes: number } | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  const file = await open(path, flags).catch(nothingIfGone);
  if (file === undefined) return undefined;
  try {
    const running = startDigests(expected);
    const buffer = Buffer.allocUnsafe(256 * 1024);
    let sizeBytes = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, sizeBytes);
      if (bytesRead === 0) return { digests: running.soFar(), sizeBytes };
      running.update(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
      await between();
    }
  } finally {
    await file.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(nothingIfGone)) !== undefined;
}

function nothingIfGone(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
  return undefined;
}
