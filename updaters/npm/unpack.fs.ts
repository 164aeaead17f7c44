// Unpacks the tarballs of a closure, each in its place: what `npm ci` would do offline, without the
// third of a second of CPU that npm takes to start.
//
// Invariants:
//   U1. Only regular files and the directories that they need; every link in a tarball is left out,
//       as npm does, so that nothing can be written through one (T8).
//   U2. Count and size are bounded while unpacking (T10).
//   U3. The content is the host's: fetched by the lockfile's digest, and read-only in here.

import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { createGunzip } from 'node:zlib';
import { fail } from '../../sdk/failure.js';
import { readTar } from '../../sdk/tar.stream.js';
import { binsOf } from './bins.js';
import type { Tarball } from './closure.js';
import { inParallel } from '../../sdk/parallel.js';

const TARBALLS_AT_ONCE = 4;
const FILES_MAX = 100_000;
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const MODULES = 'node_modules/';

/** @param files where the content of each tarball lies, in the order of the tarballs. */
export async function unpackAll(
  projectDir: string,
  tarballs: readonly Tarball[],
  files: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await inParallel(tarballs, TARBALLS_AT_ONCE, async ({ place }, position) => {
    await unpack(files[position] ?? '', join(projectDir, place), place, signal);
  });
  // Once all are there: a package may lie inside another one.
  for (const { place } of tarballs) await linkCommands(projectDir, place);
}

async function unpack(
  file: string,
  into: string,
  place: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = createReadStream(file);
  const made = new Set<string>();
  let fileCount = 0;
  let leftBytes = UNPACKED_BYTES_MAX;
  await readTar(
    (await isGzip(file)) ? [bytes, createGunzip()] : [bytes],
    signal,
    async ({ header, content, skip }) => {
      const path = header.type === 'file' ? pathBelow(header.name, place) : undefined;
      if (path === undefined) {
        skip(); // U1
        return;
      }
      fileCount += 1;
      leftBytes -= header.size;
      if (fileCount > FILES_MAX || leftBytes < 0) {
        throw fail('TOO_LARGE', `${place} has more files or bytes than any package should`); // U2
      }
      const target = join(into, path);
      const parent = dirname(target);
      if (!made.has(parent)) await mkdir(parent, { recursive: true });
      made.add(parent);
      await writeFile(target, content, { mode: (header.mode & 0o111) === 0 ? 0o644 : 0o755 });
    },
  );
}

/** Without the first segment, which every tarball names as it likes; undefined: nothing is left. */
function pathBelow(name: string, place: string): string | undefined {
  const [, ...segments] = name.split('/').filter((each) => each !== '' && each !== '.');
  if (segments.includes('..') || name.includes('\0')) {
    throw fail('UPDATER_ERROR', `the tarball of ${place} names a file outside of it`);
  }
  return segments.length === 0 ? undefined : segments.join('/');
}

/** Makes a package's commands executable and links them in the `.bin` beside it, as npm does. */
async function linkCommands(projectDir: string, place: string): Promise<void> {
  const packageDir = join(projectDir, place);
  const about: unknown = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'));
  const binDir = join(projectDir, place.slice(0, place.lastIndexOf(MODULES)), MODULES, '.bin');
  for (const [command, file] of binsOf(about)) {
    try {
      await chmod(join(packageDir, file), 0o755);
      await mkdir(binDir, { recursive: true });
      await symlink(relative(binDir, join(packageDir, file)), join(binDir, command));
    } catch (error) {
      // A command without its file, or one that two packages offer: npm lets both pass.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
    }
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
    return buffer.equals(GZIP_MAGIC);
  } finally {
    await handle.close();
  }
}
