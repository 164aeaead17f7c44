// Submitted bundles, by digest: what hosts are given.
//
// Invariant: B1. A file appears under its digest only when it is whole, verified file by file
// against its manifest, and on disk.

import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Manifest } from '../../bundle/manifest.js';
import { readBundle } from '../../bundle/tar.js';
import { syncDirectory } from '../../runtime/durable.fs.js';

const INCOMING = 'incoming-';
/** Chunks that hosts are sent: well below the limit of a message. */
const CHUNK_BYTES = 256 * 1024;

export interface Bundles {
  has(sha256: string): Promise<boolean>;
  /** @throws BundleError when the tar is not what the manifest declares; nothing is kept then. */
  receive(manifest: Manifest, tar: AsyncIterable<Uint8Array>): Promise<void>;
  read: (sha256: string) => AsyncIterable<Uint8Array>;
  /**
   * Removes every other bundle, and what a crash left half received. A submission in the middle is wanted by
   * nobody yet: on one machine this comes before any, and a fleet leaves alone what is new.
   * @returns what went.
   */
  keepOnly(wanted: ReadonlySet<string>): Promise<readonly string[]>;
}

export interface LocalBundles extends Bundles {
  /** Removes one, and nothing that is on its way. */
  forget(sha256: string): Promise<void>;
}

export function openBundles(directory: string): LocalBundles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pathOf = (sha256: string): string => {
    // T7: a digest, never a path.
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`"${sha256}" is not a digest`);
    return join(directory, `${sha256}.tar`);
  };
  return {
    has: (sha256) => Promise.resolve(existsSync(pathOf(sha256))),
    receive: async (manifest, tar) => {
      const incoming = join(directory, `${INCOMING}${randomBytes(8).toString('hex')}`);
      const file = await open(incoming, 'wx', 0o400);
      try {
        await readBundle(written(tar, file), manifest.bundle, () => Promise.resolve());
        await file.sync();
        await rename(incoming, pathOf(manifest.bundle.sha256)); // B1
        await syncDirectory(directory);
      } finally {
        await file.close();
        await rm(incoming, { force: true });
      }
    },
    keepOnly: async (wanted) => {
      const gone = (await readdir(directory)).filter((name) => {
        const sha256 = /^([0-9a-f]{64})\.tar$/.exec(name)?.[1];
        return sha256 === undefined ? name.startsWith(INCOMING) : !wanted.has(sha256);
      });
      for (const name of gone) await rm(join(directory, name), { force: true });
      return gone;
    },
    forget: (sha256) => rm(pathOf(sha256), { force: true }),
    read: (sha256) =>
      createReadStream(pathOf(sha256), { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>,
  };
}

async function* written(
  tar: AsyncIterable<Uint8Array>,
  file: { writeFile(bytes: Uint8Array): Promise<unknown> },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) {
    await file.writeFile(chunk);
    yield chunk;
  }
}
