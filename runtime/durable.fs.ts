// Files that are there whole or not at all, also after a power cut.

import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file so that a crash leaves the old content or the new, never a mixture. */
export async function writeDurably(
  path: string,
  content: Uint8Array | string | Iterable<string>,
  mode = 0o600,
): Promise<void> {
  const partial = `${path}.partial`;
  try {
    const file = await open(partial, 'w', mode);
    try {
      await writeFile(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
