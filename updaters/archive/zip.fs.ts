// Reading a zip: the list at its end says what is in it, and where.
//
// Invariants:
//   Z1. Nothing is believed: each offset and length lies within the file, or it is no zip.
//   Z2. A file has the size that the list says, and no more of it is unpacked (T10).
//   Z3. Stored and deflated files, directories and links; what is encrypted, split or zip64 is refused.

import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { FILES_MAX, shown, unreadable } from './unpack-rules.js';

const END = { signature: 0x06054b50, bytes: 22, commentMax: 0xffff };
const LISTED = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const LIST_BYTES_MAX = 32 * 1024 * 1024;
const LINK_BYTES_MAX = 4_096;
const UNIX = 3;

export interface ZipEntry {
  /** A directory's ends in a slash. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly mode: number;
  readonly size: number;
  content(): AsyncIterable<Buffer>;
}

interface Listed extends Omit<ZipEntry, 'content'> {
  readonly method: number;
  readonly packedBytes: number;
  readonly at: number;
}

/** @throws UpdaterFailure ARCHIVE_UNREADABLE */
export async function readZip(
  file: string,
  visit: (entry: ZipEntry) => Promise<void>,
): Promise<void> {
  const handle = await open(file);
  try {
    for (const entry of await listOf(handle)) {
      await visit({ ...entry, content: () => contentOf(file, handle, entry) });
    }
  } finally {
    await handle.close();
  }
}

export async function linkTarget(entry: ZipEntry): Promise<string> {
  if (entry.size > LINK_BYTES_MAX) throw unreadable(`the link ${shown(entry.name)} is too long`);
  const parts: Buffer[] = [];
  for await (const part of entry.content()) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function listOf(handle: FileHandle): Promise<Listed[]> {
  const { size } = await handle.stat();
  const tailAt = Math.max(0, size - END.bytes - END.commentMax);
  const tail = await bytesAt(handle, tailAt, size - tailAt);
  const end = endIn(tail);
  const count = end.readUInt16LE(10);
  const bytes = end.readUInt32LE(12);
  const at = end.readUInt32LE(16);
  if (count === 0xffff || bytes === 0xffffffff || at === 0xffffffff || end.readUInt16LE(4) !== 0) {
    throw unreadable('it is a zip64, or in several parts, which is not read here'); // Z3
  }
  if (count > FILES_MAX || bytes > LIST_BYTES_MAX || at + bytes > size) throw damaged(); // Z1
  const list = await bytesAt(handle, at, bytes);
  const entries: Listed[] = [];
  for (let next = 0; entries.length < count;) {
    if (next + LISTED.bytes > list.byteLength) throw damaged(); // Z1
    const head = list.subarray(next);
    const nameBytes = head.readUInt16LE(28);
    const wholeBytes = LISTED.bytes + nameBytes + head.readUInt16LE(30) + head.readUInt16LE(32);
    if (head.readUInt32LE(0) !== LISTED.signature || wholeBytes > head.byteLength) throw damaged();
    entries.push(listed(head, head.toString('utf8', LISTED.bytes, LISTED.bytes + nameBytes)));
    next += wholeBytes;
  }
  return entries;
}

function endIn(tail: Buffer): Buffer {
  for (let at = tail.byteLength - END.bytes; at >= 0; at -= 1) {
    const end = tail.subarray(at);
    const commentBytes = end.readUInt16LE(20);
    if (end.readUInt32LE(0) === END.signature && END.bytes + commentBytes === end.byteLength) {
      return end;
    }
  }
  throw unreadable('it is no zip, or cut off');
}

function listed(head: Buffer, name: string): Listed {
  const mode = head[5] === UNIX ? head.readUInt32LE(38) >>> 16 : 0;
  const method = head.readUInt16LE(10);
  if ((head.readUInt16LE(8) & 1) !== 0) throw unreadable(`${shown(name)} is encrypted`); // Z3
  if (method !== 0 && method !== 8) throw unreadable(`${shown(name)} is packed in an unusual way`);
  return {
    ...{ name, mode, method, kind: kindOf(name, mode & 0o170000) },
    packedBytes: head.readUInt32LE(20),
    size: head.readUInt32LE(24),
    at: head.readUInt32LE(42),
  };
}

function kindOf(name: string, type: number): ZipEntry['kind'] {
  if (name.endsWith('/')) return 'directory';
  if (type === 0 || type === 0o100000) return 'file';
  return type === 0o120000 ? 'link' : 'other';
}

async function* contentOf(
  file: string,
  handle: FileHandle,
  { name, at, method, packedBytes, size }: Listed,
): AsyncGenerator<Buffer> {
  const local = await bytesAt(handle, at, LOCAL.bytes);
  if (local.readUInt32LE(0) !== LOCAL.signature) throw damaged();
  const start = at + LOCAL.bytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (start + packedBytes > (await handle.stat()).size) throw damaged(); // Z1
  let left = size;
  const packed = createReadStream(file, { start, end: start + packedBytes - 1 });
  for await (const part of packedBytes === 0 ? [] : inflated(packed, method)) {
    left -= part.byteLength;
    if (left < 0) break;
    yield part;
  }
  if (left !== 0) throw unreadable(`${shown(name)} has another size than the zip says`); // Z2
}

function inflated(packed: Readable, method: number): AsyncIterable<Buffer> {
  return pipeline(
    packed,
    method === 8 ? createInflateRaw() : new PassThrough(),
    // The reader gets the error: the streams are destroyed with it.
    () => undefined,
  );
}

async function bytesAt(handle: FileHandle, at: number, count: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, at);
  if (bytesRead !== count) throw damaged();
  return buffer;
}

function damaged(): Error {
  return unreadable('its list of files is damaged');
}
