// Reads a stored bundle again and holds every byte, name, mode and owner against the manifest.
//
// T1: this runs at every launch, on the files that will be executed. T9: nothing is followed; a
// link is a difference.

import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../bundle/manifest.js';
import { DIRECTORY_MODE, expectedEntry, type ExpectedFile } from './entry.js';

/** @returns the first difference, or undefined when the entry is as declared. */
export async function findDifference(
  entryDir: string,
  bundle: Manifest['bundle'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { files, directories } = expectedEntry(bundle);
  const seen = new Set<string>();
  for (const path of ['', ...directories]) {
    const wrong = await directoryProblem(join(entryDir, path));
    if (wrong !== undefined) return `${path === '' ? 'its directory' : path} ${wrong}`;
    for (const name of await readdir(join(entryDir, path))) {
      const child = path === '' ? name : `${path}/${name}`;
      if (directories.has(child)) continue;
      const file = files.get(child);
      if (file === undefined) return `${child} is not declared`;
      const problem = await fileProblem(join(entryDir, child), file, signal);
      if (problem !== undefined) return `${child} ${problem}`;
      seen.add(child);
    }
  }
  const missing = [...files.keys()].find((path) => !seen.has(path));
  return missing === undefined ? undefined : `${missing} is missing`;
}

async function directoryProblem(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(ifThere);
  if (found === undefined) return 'is missing';
  if (!found.isDirectory()) return 'is not a directory';
  return ownershipProblem(found, DIRECTORY_MODE);
}

async function fileProblem(
  path: string,
  expected: ExpectedFile,
  signal: AbortSignal,
): Promise<string | undefined> {
  const before = await lstat(path);
  if (!before.isFile()) return 'is not a regular file';
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const found = await file.stat();
    if (found.ino !== before.ino || found.dev !== before.dev) return 'changed while it was read';
    if (found.nlink !== 1) return 'has another name';
    const wrong = ownershipProblem(found, expected.mode);
    if (wrong !== undefined) return wrong;
    if (found.size !== expected.size) {
      return `has ${String(found.size)} bytes, the manifest says ${String(expected.size)}`;
    }
    const hash = createHash('sha256');
    // In pieces, so that the loop that holds the guard is never kept waiting. The stream is not given
    // the signal: one that was aborted already makes it emit an error that nobody listens for yet.
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      signal.throwIfAborted();
      hash.update(chunk as Buffer);
    }
    const digest = hash.digest('hex');
    return digest === expected.sha256
      ? undefined
      : `has digest ${digest}, the manifest says ${expected.sha256}`;
  } finally {
    await file.close();
  }
}

function ifThere(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function ownershipProblem(found: Stats, mode: number): string | undefined {
  if (found.uid !== process.getuid?.()) return `belongs to uid ${String(found.uid)}`;
  const bits = found.mode & 0o7777;
  return bits === mode ? undefined : `has mode ${bits.toString(8)}, not ${mode.toString(8)}`;
}
