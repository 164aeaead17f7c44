// One digest of everything below a directory: names, kinds, modes, content.

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What the host keeps beside a root. */
const OF_THE_HOST = /\.(?:before|next)$/;

export async function treeDigest(dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(dir)).sort()) {
    if (!OF_THE_HOST.test(name)) await addTree(hash, join(dir, name), name);
  }
  return hash.digest('hex');
}

async function addTree(hash: Hash, path: string, name: string): Promise<void> {
  const found = await lstat(path);
  hash.update(`${name}\0${found.mode.toString(8)}\0`);
  if (found.isSymbolicLink()) hash.update(await readlink(path));
  if (found.isFile())
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  if (!found.isDirectory()) return;
  for (const each of (await readdir(path)).sort()) {
    await addTree(hash, join(path, each), `${name}/${each}`);
  }
}
