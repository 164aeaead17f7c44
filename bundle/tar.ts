// Bundles as bytes: packing a directory, reading a tar entry by entry, and the `.lull` file.
//
// The tar is deterministic (sorted, no times, no owners), so that the same files have the same
// digest everywhere. Reading accepts regular files only: directories follow from their paths, and
// nothing else has a place in a bundle (T8).

import { createHash } from 'node:crypto';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import type { Manifest } from './manifest.js';
import { ENVELOPE_BYTES_MAX } from './envelope-size.js';

/** One entry of a tar being read: its header, and its content to iterate once. */
interface Entry extends AsyncIterable<Uint8Array> {
  readonly header: Header;
}

export type BundleFile = Manifest['bundle']['files'][number];

export class BundleError extends Error {
  constructor(
    readonly code: 'BUNDLE_INVALID' | 'DIGEST_MISMATCH',
    message: string,
  ) {
    super(message);
    this.name = 'BundleError';
  }
}

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

/**
 * Reads a bundle's tar and holds it against the manifest: every declared file, in any order, with
 * its size and digest, and nothing else. `onFile` is given each file after its digest was found good.
 * @throws BundleError with the first thing that is not as declared, or what `tar` itself failed with.
 */
export async function readBundle(
  tar: AsyncIterable<Uint8Array>,
  declared: Manifest['bundle'],
  onFile: (file: BundleFile, content: Buffer) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  const missing = new Map(declared.files.map((file) => [file.path, file]));
  const archive = extract();
  let sourceFailure: { readonly cause: unknown } | undefined;
  let seenBytes = 0;
  const source = noting(bounded(tar, declared.size, hash), {
    onBytes: (bytes) => {
      seenBytes += bytes;
    },
    onFailure: (cause) => {
      sourceFailure = { cause };
    },
  });
  Readable.from(source, { objectMode: false })
    .on('error', (error) => {
      archive.destroy(error);
    })
    .pipe(archive);
  try {
    for await (const entry of archive as AsyncIterable<Entry>) {
      await readEntry(entry, missing, onFile);
    }
  } catch (error) {
    // A connection that broke says nothing of the bundle.
    if (sourceFailure !== undefined) throw sourceFailure.cause;
    if (error instanceof BundleError) throw error;
    const words = endsEarly(error)
      ? `it is not whole: it ends after ${String(seenBytes)} of ${String(declared.size)} bytes`
      : `not a tar: ${(error as Error).message}`;
    throw new BundleError('BUNDLE_INVALID', words);
  }
  if (missing.size > 0) {
    throw new BundleError('BUNDLE_INVALID', `${[...missing.keys()].join(', ')} is not in the tar`);
  }
  const digest = hash.digest('hex');
  if (digest !== declared.sha256) {
    throw new BundleError(
      'DIGEST_MISMATCH',
      `the bundle has digest ${digest}, the manifest says ${declared.sha256}`,
    );
  }
}

async function readEntry(
  entry: Entry,
  missing: Map<string, BundleFile>,
  onFile: (file: BundleFile, content: Buffer) => Promise<void>,
): Promise<void> {
  const { name, type, size } = entry.header;
  // T8: an undeclared, repeated, linked or special entry ends the reading before its content.
  const file = missing.get(name);
  if (type !== 'file') throw new BundleError('BUNDLE_INVALID', `${name} is a ${type}`);
  if (file === undefined) {
    throw new BundleError('BUNDLE_INVALID', `${name} is not declared, or is there twice`);
  }
  if (size !== file.size) {
    throw new BundleError(
      'DIGEST_MISMATCH',
      `${name} has ${String(size)} bytes, the manifest says ${String(file.size)}`,
    );
  }
  const content = await buffer(entry);
  const digest = sha256Of(content);
  if (digest !== file.sha256) {
    throw new BundleError(
      'DIGEST_MISMATCH',
      `${name} has digest ${digest}, the manifest says ${file.sha256}`,
    );
  }
  missing.delete(name);
  await onFile(file, content);
}

/** As `tar-stream` says that a tar was cut, between entries and in one, where nothing else failed. */
function endsEarly(error: unknown): boolean {
  return ['Unexpected end of data', 'Stream was destroyed'].includes((error as Error).message);
}

/** Passes `source` on, and tells how much it was and what it failed with. */
async function* noting(
  source: AsyncIterable<Uint8Array>,
  told: { readonly onBytes: (bytes: number) => void; readonly onFailure: (cause: unknown) => void },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      told.onBytes(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    told.onFailure(error);
    throw error;
  }
}

/** Passes `source` on, hashing it, and stops it at the declared size (T10). */
async function* bounded(
  source: AsyncIterable<Uint8Array>,
  sizeMax: number,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.byteLength;
    if (seen > sizeMax) {
      throw new BundleError('BUNDLE_INVALID', `longer than the ${String(sizeMax)} bytes declared`);
    }
    hash.update(chunk);
    yield chunk;
  }
}

/** The `.lull` file that a vendor ships: the envelope and the tar, one after the other. */
export async function packLullFile(envelope: Uint8Array, tar: Uint8Array): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  archive.entry({ name: 'envelope.json', mtime: new Date(0) }, Buffer.from(envelope));
  archive.entry({ name: 'bundle.tar', mtime: new Date(0) }, Buffer.from(tar));
  archive.finalize();
  return bytes;
}

/** Reads a `.lull` file: the envelope, then the tar's chunks. @throws BundleError when it is not one. */
export async function readLullFile(
  file: Readable,
): Promise<{ envelope: Buffer; tar: AsyncIterable<Uint8Array> }> {
  const archive = extract();
  let fileFailure: Error | undefined;
  file
    .on('error', (error) => {
      fileFailure = error;
      archive.destroy(error);
    })
    .pipe(archive);
  const entries = (archive as AsyncIterable<Entry>)[Symbol.asyncIterator]();
  const next = async (wanted: string): Promise<Entry> => {
    const result = await entries.next().catch((error: unknown) => {
      throw lullFileError(fileFailure ?? error);
    });
    if (result.done === true || result.value.header.name !== wanted) {
      throw new BundleError('BUNDLE_INVALID', `not a .lull file: ${wanted} is missing`);
    }
    return result.value;
  };
  const first = await next('envelope.json');
  if (first.header.size > ENVELOPE_BYTES_MAX) {
    throw new BundleError('BUNDLE_INVALID', 'the envelope is too large');
  }
  async function* wholly(entry: Entry): AsyncGenerator<Uint8Array> {
    try {
      yield* entry;
    } catch (error) {
      throw lullFileError(fileFailure ?? error);
    }
  }
  const envelope = await buffer(wholly(first));
  return { envelope, tar: wholly(await next('bundle.tar')) };
}

function lullFileError(error: unknown): BundleError {
  const words = endsEarly(error)
    ? 'it is not whole: it ends too early; get it again'
    : `not a .lull file: ${(error as Error).message}`;
  return new BundleError('BUNDLE_INVALID', words);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
