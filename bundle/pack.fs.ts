// Packing a directory as the tar of a bundle. It is deterministic (sorted, no times, no owners), so that
// the same files have the same digest everywhere.

import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { BundleError, sha256Of, type BundleFile } from './tar.js';

export interface PackedBundle {
  readonly tar: Buffer;
  readonly sha256: string;
  readonly files: readonly BundleFile[];
}

/** Packs every regular file below `directory`. Links and special files are an error. */
export async function packDirectory(directory: string): Promise<PackedBundle> {
  const archive = pack();
  const files: BundleFile[] = [];
  const bytes = buffer(archive);
  for (const path of await listFiles(directory, '')) {
    const content = await readFile(join(directory, path));
    const { mode } = await lstat(join(directory, path));
    const executable = (mode & 0o100) !== 0;
    files.push({ path, size: content.byteLength, sha256: sha256Of(content), executable });
    archive.entry(
      { name: path, mode: executable ? 0o555 : 0o444, mtime: new Date(0), uid: 0, gid: 0 },
      content,
    );
  }
  archive.finalize();
  const tar = await bytes;
  return { tar, sha256: sha256Of(tar), files };
}

async function listFiles(directory: string, below: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(directory, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFiles(directory, path)));
    else if (entry.isFile()) found.push(path);
    else throw new BundleError('BUNDLE_INVALID', `${path} is neither a file nor a directory`);
  }
  return found;
}
