// Bundles as bytes: reading a tar entry by entry, and the `.lull` file. Packing is in pack.fs.ts.
//
// Reading accepts regular files only: directories follow from their paths, and
// nothing else has a place in a bundle (T8).

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import type { Manifest } from './manifest.js';
import { ENVELOPE_BYTES_MAX } from './envelope-size.js';

/** One entry of a tar being read: its header, and its content to iterate once. */
interface Entry extends AsyncIterable<Uint8Array> {
  readonly header: Header;
}

/**
 * What a tar may hold beside the content of files, in all and for each: names, and what was read ahead. A
 * name is in memory whole before it can be refused (T8).
 */
const BESIDE_BYTES_MAX = 1024 * 1024;
const BESIDE_FILE_BYTES_MAX = 8 * 1024;
const NAME_CHARS_MAX = 100;

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

/**
 * Reads a bundle's tar and holds it against the manifest: every declared file, in any order, with
 * its size and digest, and nothing else. No more of it is in memory than came at once.
 * @param onFile is given each file as it comes. What does not have its digest throws at its end: until
 *   then, and until this function has returned, what was read of it is not to be relied on.
 * @throws BundleError with the first thing that is not as declared, or what `tar` or `onFile` itself
 *   failed with.
 */
export async function readBundle(
  tar: AsyncIterable<Uint8Array>,
  declared: Manifest['bundle'],
  onFile: (file: BundleFile, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  const missing = new Map(declared.files.map((file) => [file.path, file]));
  const archive = extract();
  let sourceFailure: { readonly cause: unknown } | undefined;
  let seenBytes = 0;
  let seenBytesMax = BESIDE_BYTES_MAX;
  const source = noting(bounded(tar, declared.size, hash), {
    onBytes: (bytes) => {
      // Of those before: a piece may be as long as all of it.
      if (seenBytes > seenBytesMax) {
        const words = 'a megabyte of it, or more, is no content of files';
        throw new BundleError('BUNDLE_INVALID', words);
      }
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
      await readEntry(entry, missing, (file, content) => {
        seenBytesMax += file.size + BESIDE_FILE_BYTES_MAX;
        return onFile(file, content);
      });
    }
  } catch (error) {
    // A connection that broke says nothing of the bundle, and a disk that is full neither.
    if (sourceFailure !== undefined) throw sourceFailure.cause;
    if (error instanceof BundleError || isOfSystem(error)) throw error;
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
  onFile: (file: BundleFile, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const { name, type, size } = entry.header;
  // T8: an undeclared, repeated, linked or special entry ends the reading before its content.
  const file = missing.get(name);
  const shown = name.slice(0, NAME_CHARS_MAX);
  if (type !== 'file') throw new BundleError('BUNDLE_INVALID', `${shown} is a ${type}`);
  if (file === undefined) {
    throw new BundleError('BUNDLE_INVALID', `${shown} is not declared, or is there twice`);
  }
  if (size !== file.size) {
    throw new BundleError(
      'DIGEST_MISMATCH',
      `${name} has ${String(size)} bytes, the manifest says ${String(file.size)}`,
    );
  }
  const content = hashed(entry, file, () => {
    missing.delete(name);
  });
  await onFile(file, content);
  // As far as nobody did.
  let rest = await content.next();
  while (rest.done !== true) rest = await content.next();
  if (missing.has(name)) throw new Error(`${name} was not read to its end`);
}

/** Passes a file on, and at its end holds its digest against the manifest. */
async function* hashed(
  content: AsyncIterable<Uint8Array>,
  { path, sha256 }: BundleFile,
  onGood: () => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  const digest = hash.digest('hex');
  if (digest !== sha256) {
    const words = `${path} has digest ${digest}, the manifest says ${sha256}`;
    throw new BundleError('DIGEST_MISMATCH', words);
  }
  onGood();
}

function isOfSystem(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).errno !== undefined;
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
