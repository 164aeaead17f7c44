// As much of the kernel's FUSE protocol as a file system of one file needs (linux/fuse.h, version 7.31).
// Numbers are in the machine's own order, which is little-endian wherever the rig runs.

/** What the kernel asks, by its number. */
export const asked = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  interrupt: 36,
  batchForget: 42,
} as const;

export const ROOT_NODE = 1;
export const FILE_NODE = 2;
export const WRITE_BYTES_MAX = 128 * 1024;

const HEADER_BYTES = 40;
const ANSWER_HEADER_BYTES = 16;
const ATTRIBUTES_BYTES = 88;
const DIRECTORY = 0o040_755;
const REGULAR = 0o100_600;
const BIG_WRITES = 1 << 5;
/** Past the page cache: what the device is told to write comes here before it is told that it is done. */
const OPEN_DIRECT = 1;

export interface Asked {
  readonly what: number;
  readonly unique: bigint;
  readonly node: number;
  readonly body: Buffer;
}

export function readAsked(message: Buffer): Asked {
  return {
    what: message.readUInt32LE(4),
    unique: message.readBigUInt64LE(8),
    node: Number(message.readBigUInt64LE(16)),
    body: message.subarray(HEADER_BYTES),
  };
}

export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** Of a read or a write. */
export function spanOf(body: Buffer): Span {
  return { offset: Number(body.readBigUInt64LE(8)), bytes: body.readUInt32LE(16) };
}

/** What a write brings. */
export function contentOf(body: Buffer): Buffer {
  return body.subarray(40, 40 + spanOf(body).bytes);
}

export function answer(unique: bigint, body: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([answerHeader(unique, body.byteLength, 0), body]);
}

/** @param errno such as 38, ENOSYS. */
export function refusal(unique: bigint, errno: number): Buffer {
  return answerHeader(unique, 0, -errno);
}

function answerHeader(unique: bigint, bodyBytes: number, error: number): Buffer {
  const header = Buffer.alloc(ANSWER_HEADER_BYTES);
  header.writeUInt32LE(ANSWER_HEADER_BYTES + bodyBytes, 0);
  header.writeInt32LE(error, 4);
  header.writeBigUInt64LE(unique, 8);
  return header;
}

export function initialized(): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(31, 4);
  body.writeUInt32LE(BIG_WRITES, 12);
  body.writeUInt32LE(WRITE_BYTES_MAX, 20);
  body.writeUInt32LE(1, 24);
  return body;
}

export function found(sizeBytes: number): Buffer {
  const body = Buffer.alloc(40);
  body.writeBigUInt64LE(BigInt(FILE_NODE), 0);
  return Buffer.concat([body, attributes(FILE_NODE, sizeBytes)]);
}

export function gotAttributes(node: number, sizeBytes: number): Buffer {
  return Buffer.concat([Buffer.alloc(16), attributes(node, sizeBytes)]);
}

function attributes(node: number, sizeBytes: number): Buffer {
  const body = Buffer.alloc(ATTRIBUTES_BYTES);
  body.writeBigUInt64LE(BigInt(node), 0);
  body.writeBigUInt64LE(BigInt(node === ROOT_NODE ? 0 : sizeBytes), 8);
  body.writeUInt32LE(node === ROOT_NODE ? DIRECTORY : REGULAR, 60);
  body.writeUInt32LE(1, 64);
  body.writeUInt32LE(4_096, 80);
  return body;
}

export function opened(): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(OPEN_DIRECT, 8);
  return body;
}

export function written(bytes: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32LE(bytes, 0);
  return body;
}
