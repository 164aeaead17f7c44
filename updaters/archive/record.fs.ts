// What lies in the root: `.lull-archive` says which version, and what came with it.
//
//   1.2.3
//   <sha256> bin/tool
//   link     bin/alias
//
// The first line alone is what an operator writes who hands a directory over that was there before.
//
// Invariants:
//   R1. A directory that holds something, and no such file, is somebody else's: it is not replaced.
//   R2. What was added to the root since, or changed in it, is not thrown away.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../sdk/failure.js';
import { listTree } from '../../sdk/tree.fs.js';
import { readVersion, type Version } from './version.js';

export const RECORD = '.lull-archive';
/** In place of a digest. */
export const LINK = 'link';
const SHOWN = 5;

/** From each path to its SHA-256, or `LINK`. */
export type Content = ReadonlyMap<string, string>;

export interface Installed {
  readonly text: string;
  readonly version: Version;
  /** Empty where an operator wrote the record. */
  readonly content: Content;
}

export async function writeRecord(dir: string, version: string, content: Content): Promise<void> {
  const lines = [...content].map(([path, digest]) => `${digest} ${path}\n`);
  await writeFile(join(dir, RECORD), `${version}\n${lines.join('')}`, { flag: 'wx' });
}

/**
 * Undefined where nothing is installed: no directory, or an empty one.
 * @param rootPath what the operator calls it.
 * @throws UpdaterFailure ROOT_FOREIGN (R1)
 */
export async function installedIn(dir: string, rootPath: string): Promise<Installed | undefined> {
  const names = await namesIn(dir);
  if (names.length === 0) return undefined;
  const text = names.includes(RECORD) ? await readFile(join(dir, RECORD), 'utf8') : '';
  const [first = '', ...lines] = text.split('\n');
  const version = readVersion(first.trim());
  if (version === undefined) {
    throw fail(
      'ROOT_FOREIGN',
      `${rootPath} holds what this updater did not install. If all of it may be replaced, write its version ` +
        `into it: echo 1.2.3 > ${rootPath}/${RECORD}. Otherwise bind the setting "root" to another directory`,
    );
  }
  const content = lines.flatMap((line): [string, string][] => {
    const cut = line.indexOf(' ');
    return cut < 1 ? [] : [[line.slice(cut + 1), line.slice(0, cut)]];
  });
  return { text: first.trim(), version, content: new Map(content) };
}

/** @throws UpdaterFailure ROOT_CHANGED (R2) */
export async function requireUnchanged(
  dir: string,
  { content, text }: Installed,
  rootPath: string,
  signal: AbortSignal,
): Promise<void> {
  if (content.size === 0) return;
  const changed: string[] = [];
  for (const { path, kind } of await listTree(dir, signal)) {
    if (kind === 'directory' || path === RECORD) continue;
    const before = content.get(path);
    const now = kind === 'link' ? LINK : before && (await sha256Of(join(dir, path), signal));
    if (before !== now || before === undefined) changed.push(path);
    if (changed.length > SHOWN) break;
  }
  if (changed.length === 0) return;
  throw fail(
    'ROOT_CHANGED',
    `in ${rootPath} are files that did not come with ${text}, or were changed since: ` +
      `${changed.slice(0, SHOWN).join(', ')}${changed.length > SHOWN ? ', …' : ''}. They would be gone. Move ` +
      `them elsewhere; or, if they may be replaced: echo ${text} > ${rootPath}/${RECORD}`,
  );
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest('hex');
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
