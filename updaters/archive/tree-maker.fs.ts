// Lays out in an empty directory what comes out of an archive.
//
// Invariants:
//   L1. Links are made when every file and directory is there: nothing is written through one (T8).
//   L2. No path is taken twice.
//   L3. Files get modes that Commit takes: what may be executed, and what not (T26).
//   L4. Count and size are bounded before anything is written (T10).

import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../sdk/failure.js';
import { tooLarge } from './bytes.spawn.js';
import { LINK, RECORD, type Content } from './record.fs.js';
import { FILES_MAX, requireInside, shown, topOf, unreadable } from './unpack-rules.js';

/** Each path is one of `plainPath`. */
export interface TreeMaker {
  directory(path: string): Promise<void>;
  /** @param size of the content, which is no longer than that. */
  file(path: string, mode: number, size: number, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** A further name of a file that is there already. */
  copy(path: string, of: string): Promise<void>;
  link(path: string, target: string): void;
  /**
   * Makes the links, and takes the one top directory away.
   * @param to where the tree shall be: nothing is there.
   * @returns what lies in it. @throws UpdaterFailure PROGRAM_MISSING
   */
  finish(to: string, program: string): Promise<Content>;
}

export function treeIn(dir: string, bytesMax: number): TreeMaker {
  const made = new Set<string>();
  const files = new Map<string, { readonly digest: string; readonly size: number }>();
  const links = new Map<string, string>();
  let entryCount = 0;
  let leftBytes = bytesMax;

  const count = (path: string, bytes = 0): void => {
    entryCount += 1;
    leftBytes -= bytes;
    if (entryCount > FILES_MAX)
      throw fail('TOO_LARGE', `it has more than ${String(FILES_MAX)} files`);
    if (leftBytes < 0) throw tooLarge(bytesMax); // L4
    if (files.has(path) || links.has(path)) throw twice(path); // L2
  };
  const directory = async (path: string): Promise<void> => {
    if (path === '' || path === '.' || made.has(path)) return;
    await mkdir(join(dir, path), { recursive: true }).catch(notTwice(path));
    made.add(path);
  };

  return {
    directory: async (path) => {
      count(path);
      await directory(path);
    },
    file: async (path, mode, size, content) => {
      count(path, size);
      await directory(dirname(path));
      const hash = createHash('sha256');
      async function* hashed(): AsyncGenerator<Uint8Array> {
        for await (const chunk of content) {
          hash.update(chunk);
          yield chunk;
        }
      }
      const options = { flag: 'wx', mode: (mode & 0o111) === 0 ? 0o644 : 0o755 }; // L2, L3
      await writeFile(join(dir, path), hashed(), options).catch(notTwice(path));
      files.set(path, { digest: hash.digest('hex'), size });
    },
    copy: async (path, of) => {
      const first = files.get(of);
      if (first === undefined) {
        throw unreadable(
          `${shown(path)} is to be the same as ${shown(of)}, which did not come before it`,
        );
      }
      count(path, first.size);
      await directory(dirname(path));
      await copyFile(join(dir, of), join(dir, path)).catch(notTwice(path));
      files.set(path, first);
    },
    link: (path, target) => {
      count(path);
      links.set(path, target);
    },
    finish: async (to, program) => {
      const top = topOf([...files.keys(), ...links.keys()], program);
      const strip = (path: string): string => path.slice(top.length);
      for (const [path, target] of links) requireInside(strip(path), target);
      for (const path of links.keys()) await directory(dirname(path));
      for (const [path, target] of links) {
        await symlink(target, join(dir, path)).catch(notTwice(path)); // L1
      }
      const content = new Map([
        ...[...files].map(([path, { digest }]): [string, string] => [strip(path), digest]),
        ...[...links.keys()].map((path): [string, string] => [strip(path), LINK]),
      ]);
      if (content.has(RECORD)) {
        throw unreadable(`the archive has a file ${RECORD}, which is this updater's own`);
      }
      await rename(join(dir, top), to);
      await requireProgram(content, to, program);
      return content;
    },
  };
}

async function requireProgram(content: Content, dir: string, program: string): Promise<void> {
  const kind = content.get(program);
  if (kind === undefined) {
    const tops = [...new Set([...content.keys()].map((path) => path.split('/')[0] ?? ''))];
    throw fail(
      'PROGRAM_MISSING',
      `there is no ${program} in it: look at the setting "program". It has ${tops.slice(0, 8).join(', ')}`,
    );
  }
  // An archive that was made elsewhere says nothing of modes.
  if (kind !== LINK) await chmod(join(dir, program), 0o755);
}

function twice(path: string): Error {
  return unreadable(`the archive has ${shown(path)} twice`);
}

/** Of a path that something else lies at, or in the way of. */
function notTwice(path: string): (error: unknown) => never {
  return (error) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['EEXIST', 'ENOTDIR', 'EISDIR'].includes(code)) throw twice(path);
    if (code === 'ENAMETOOLONG')
      throw unreadable(`the archive has the name ${shown(path)}, too long`);
    throw error;
  };
}
