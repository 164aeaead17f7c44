// Unpacks a bundle into the store: into a directory of its own first, renamed when it is whole and
// on disk, so that a crash leaves either all of an entry or nothing that counts as one.

import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../../bundle/manifest.js';
import { readBundle } from '../../bundle/tar.js';
import { syncDirectory } from '../../runtime/durable.fs.js';
import { DIRECTORY_MODE, expectedEntry } from './entry.js';

/** @throws BundleError when the tar is not what the manifest declares (T8, T10). */
export async function unpackEntry(
  tar: AsyncIterable<Uint8Array>,
  bundle: Manifest['bundle'],
  entryDir: string,
  partialDir: string,
): Promise<void> {
  const { files, directories } = expectedEntry(bundle);
  try {
    await mkdir(partialDir, { mode: 0o700 });
    for (const path of directories) await mkdir(join(partialDir, path), { mode: 0o700 });
    await readBundle(tar, bundle, async ({ path }, content) => {
      await writeFile(join(partialDir, path), content, files.get(path)?.mode ?? 0);
    });
    for (const path of [...directories].reverse()) await seal(join(partialDir, path));
    await seal(partialDir);
    await rename(partialDir, entryDir);
    await syncDirectory(dirname(entryDir));
  } catch (error) {
    await rm(partialDir, { recursive: true, force: true });
    throw error;
  }
}

async function writeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  // `wx`: what exists already is never written through, link or not.
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    // Apart from open, so that no umask has a say.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function seal(directory: string): Promise<void> {
  await syncDirectory(directory);
  await chmod(directory, DIRECTORY_MODE);
}
