// Unpacks what was fetched: a tar, a zip, or a program that is a file of its own.
//
// The content is the host's, of the feed's digest: what is wrong with it is so as it was published, and
// stays so. See unpack-rules.ts and tree-maker.fs.ts for what may come out.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { UpdaterFailure } from '../../sdk/failure.js';
import { readTar } from '../../sdk/tar.stream.js';
import { packingOf } from './asset.js';
import { bytesOf } from './bytes.spawn.js';
import type { Content } from './record.fs.js';
import { treeIn, type TreeMaker } from './tree-maker.fs.js';
import { plainPath, shown, unreadable } from './unpack-rules.js';
import { linkTarget, readZip } from './zip.fs.js';

export interface Packed {
  readonly file: string;
  /** What its makers call it: how it ends says what it is. */
  readonly name: string;
  /** The program in it, or what a program alone shall be called. */
  readonly program: string;
  /** Of all that is in it. */
  readonly bytesMax: number;
}

/**
 * @param stageDir an empty directory.
 * @returns where the tree is, and what lies in it.
 * @throws UpdaterFailure ARCHIVE_UNREADABLE, TOO_LARGE, PROGRAM_MISSING, TOOL_MISSING
 */
export async function unpack(
  { file, name, program, bytesMax }: Packed,
  stageDir: string,
  signal: AbortSignal,
): Promise<{ readonly dir: string; readonly content: Content }> {
  const { archive, compression } = packingOf(name);
  const unpackedDir = join(stageDir, 'unpacked');
  await mkdir(unpackedDir);
  const tree = treeIn(unpackedDir, bytesMax);
  try {
    if (archive === 'zip') await fromZip(file, tree, signal);
    else if (archive === 'tar')
      await fromTar(bytesOf(file, compression, bytesMax, signal), tree, signal);
    else {
      const steps = bytesOf(file, compression, bytesMax, signal);
      // How long it is when it is unpacked, nobody says: bytesOf bounds it.
      await tree.file(program, 0o755, 0, pipeline([...steps], () => undefined) as unknown as Bytes);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw asFailure(error, name);
  }
  const dir = join(stageDir, 'tree');
  return { dir, content: await tree.finish(dir, program) };
}

type Bytes = AsyncIterable<Uint8Array>;

function fromTar(
  steps: Parameters<typeof readTar>[0],
  tree: TreeMaker,
  signal: AbortSignal,
): Promise<void> {
  return readTar(steps, signal, async ({ header, content, skip }) => {
    const { type, name, mode, size, linkname } = header;
    const path = plainPath(name);
    // GNU tar writes it under another name, and in pieces.
    if (Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse'))) {
      throw unreadable(`${shown(name)} is a sparse file, which is not read here`);
    }
    switch (type) {
      case 'file':
        await tree.file(path, mode, size, content);
        return;
      case 'directory':
        await tree.directory(path);
        break;
      case 'symlink':
        tree.link(path, linkname);
        break;
      case 'link':
        await tree.copy(path, plainPath(linkname));
        break;
      case 'block-device':
      case 'character-device':
      case 'fifo':
      case 'contiguous-file':
      default:
        throw unreadable(`${shown(name)} is neither a file, a directory nor a link`);
    }
    skip();
  });
}

function fromZip(file: string, tree: TreeMaker, signal: AbortSignal): Promise<void> {
  return readZip(file, async (entry) => {
    signal.throwIfAborted();
    const path = plainPath(entry.name);
    switch (entry.kind) {
      case 'file':
        await tree.file(path, entry.mode, entry.size, entry.content());
        break;
      case 'directory':
        await tree.directory(path);
        break;
      case 'link':
        tree.link(path, await linkTarget(entry));
        break;
      case 'other':
        throw unreadable(`${shown(entry.name)} is neither a file, a directory nor a link`);
    }
  });
}

/** What reading threw that is not of the disk is about what was read. */
function asFailure(error: unknown, name: string): unknown {
  if (error instanceof UpdaterFailure) return error;
  const { code = '', syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) return error;
  return unreadable(`${name} can't be unpacked: ${code === '' ? message : code}`, error);
}
