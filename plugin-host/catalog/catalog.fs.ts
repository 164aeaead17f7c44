// The bundles on this host: a store by digest, <dir>/<sha256>/…, owned by the host.
//
//   ensure: admit (signature, manifest) ─▶ there? no: unpack ─▶ verify every byte ─▶ launch from it
//
// Invariants:
//   K1. What ensure() returns was verified after it was last written, in this very call (T1).
//   K2. One call at a time works on an entry.
//   K3. An entry that differs from its manifest is removed; the next call fetches it again.
//   K4. So is one that no launch uses, and that none has used for long.

import { randomBytes, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../bundle/manifest.js';
import { BundleError } from '../../bundle/tar.js';
import { abandoned, keeping } from '../artifacts/keeping.js';
import { admit, type BundleRef } from './admission.js';
import { CatalogError } from './catalog-error.js';
import { unpackEntry } from './unpack.fs.js';
import { findDifference } from './verify.fs.js';

/** Hands over the bytes of a tar. What it throws comes out of ensure() as it is. */
export type ReadBundle = (sha256: string, signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface StoredBundle {
  readonly manifest: Manifest;
  /** Holds exactly the manifest's files, read-only. */
  readonly bundleDir: string;
}

export interface Catalog {
  /**
   * Makes sure that a bundle is here and whole. Call it before every launch.
   * @param options.trustedKeys when given, one of them has to have signed the manifest.
   * @throws CatalogError
   */
  ensure(
    ref: BundleRef,
    readBundle: ReadBundle,
    options?: { readonly signal?: AbortSignal; readonly trustedKeys?: readonly KeyObject[] },
  ): Promise<StoredBundle>;
  /**
   * Removes entries that were not launched for long, or for a day where the disk runs full (K4).
   * @param isInUse whether a launch has the entry now.
   */
  tidy(nowMs: number, isInUse: (sha256: string) => boolean): Promise<readonly string[]>;
}

const PARTIAL_PREFIX = 'partial-';

/** Opens the store, and removes what a crash left half unpacked. */
export function createCatalog({ dir }: { readonly dir: string }): Catalog {
  mkdirSync(dir, { recursive: true });
  // Listed by nobody else: the sandbox gets each entry by a bind of its own.
  chmodSync(dir, 0o700);
  for (const name of readdirSync(dir)) {
    if (name.startsWith(PARTIAL_PREFIX)) rmSync(join(dir, name), { recursive: true, force: true });
  }
  const busy = new Map<string, Promise<unknown>>();

  /** K2. */
  function inTurn<T>(sha256: string, act: () => Promise<T>): Promise<T> {
    const turn = (busy.get(sha256) ?? Promise.resolve()).then(act);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    busy.set(sha256, settled);
    void settled.then(() => {
      if (busy.get(sha256) === settled) busy.delete(sha256);
    });
    return turn;
  }

  return {
    tidy: async (nowMs, isInUse) => {
      const all = await entriesIn(dir);
      const { bavail, bsize } = await statfs(dir);
      const disk = { freeBytes: bavail * bsize, neededBytes: 0 };
      const gone: string[] = [];
      for (const name of abandoned(all, disk, nowMs, keeping.unusedMsMax)) {
        await inTurn(name, async () => {
          const usedAtMs = all.find((each) => each.name === name)?.usedAtMs;
          const found = await stat(join(dir, name)).catch(() => undefined);
          if (isInUse(name) || found?.mtimeMs !== usedAtMs) return;
          const partialDir = join(dir, `${PARTIAL_PREFIX}${randomBytes(8).toString('hex')}`);
          // In one step: half an entry is none, also after a crash.
          await rename(join(dir, name), partialDir);
          await rm(partialDir, { recursive: true, force: true });
          gone.push(name);
        });
      }
      return gone;
    },
    ensure: (ref, readBundle, options = {}) => {
      const signal = options.signal ?? new AbortController().signal;
      return inTurn(ref.bundleSha256, () =>
        ensureEntry(dir, ref, readBundle, signal, options.trustedKeys),
      );
    },
  };
}

/** Their sizes count as nothing: where the disk runs full, all that is not used goes. */
async function entriesIn(dir: string) {
  const found: { name: string; sizeBytes: number; usedAtMs: number }[] = [];
  for (const name of await readdir(dir)) {
    if (name.startsWith(PARTIAL_PREFIX)) continue;
    const { mtimeMs: usedAtMs } = await stat(join(dir, name));
    found.push({ name, sizeBytes: 0, usedAtMs });
  }
  return found;
}

async function ensureEntry(
  dir: string,
  ref: BundleRef,
  readBundle: ReadBundle,
  signal: AbortSignal,
  trustedKeys: readonly KeyObject[] | undefined,
): Promise<StoredBundle> {
  signal.throwIfAborted();
  const manifest = admit(ref, trustedKeys);
  // T7: from the parsed manifest, where it is 64 hexadecimal digits.
  const bundleDir = join(dir, manifest.bundle.sha256);
  if (!existsSync(bundleDir)) {
    const partialDir = join(dir, `${PARTIAL_PREFIX}${randomBytes(8).toString('hex')}`);
    const tar = readBundle(manifest.bundle.sha256, signal);
    try {
      await unpackEntry(tar, manifest.bundle, bundleDir, partialDir);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BundleError)) throw error;
      throw new CatalogError(error.code, `${ref.id}: ${error.message}`, { cause: error });
    }
  }
  // K1: also right after unpacking, when it proves that the disk holds what was written.
  const difference = await findDifference(bundleDir, manifest.bundle, signal);
  if (difference !== undefined) {
    // K3.
    await rm(bundleDir, { recursive: true, force: true });
    throw new CatalogError('DIGEST_MISMATCH', `${ref.id}: the stored bundle: ${difference}`);
  }
  const now = new Date();
  await utimes(bundleDir, now, now); // K4
  return { manifest, bundleDir };
}
