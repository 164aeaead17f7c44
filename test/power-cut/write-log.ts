// Everything that a device was told, in order: what to write where, and to let nothing of that be lost
// (a flush). What a machine finds whose power was cut at any instant follows from it:
//
//   nothing is missing of what came before the last flush that was answered;
//   of what came after it, each block of each write may have landed or not, in any order.
//
// In the log a record is its offset and its length, eight bytes each, and the bytes; a flush is a record
// at FLUSH_AT without bytes.

import type { Chance } from '../../orchestrator/simulation/seeded.js';

const RECORD_BYTES = 16;
const FLUSH_AT = 2n ** 63n;
/** What a device writes as a whole. */
const SECTOR_BYTES = 512;

export interface Told {
  /** Undefined: a flush. */
  readonly write: { readonly offset: number; readonly content: Buffer } | undefined;
  /** The length of the log with it. */
  readonly logBytes: number;
}

export function writeRecord(offset: number, content: Buffer): Buffer {
  return Buffer.concat([recordHeader(BigInt(offset), content.byteLength), content]);
}

export function flushRecord(): Buffer {
  return recordHeader(FLUSH_AT, 0);
}

function recordHeader(offset: bigint, bytes: number): Buffer {
  const header = Buffer.alloc(RECORD_BYTES);
  header.writeBigUInt64LE(offset, 0);
  header.writeBigUInt64LE(BigInt(bytes), 8);
  return header;
}

export function readLog(log: Buffer): Told[] {
  const all: Told[] = [];
  for (let at = 0; at < log.byteLength;) {
    const offset = log.readBigUInt64LE(at);
    const from = at + RECORD_BYTES;
    at = from + Number(log.readBigUInt64LE(at + 8));
    const content = log.subarray(from, at);
    const write = offset === FLUSH_AT ? undefined : { offset: Number(offset), content };
    all.push({ write, logBytes: at });
  }
  return all;
}

/**
 * The image after the first `count` of what the device was told, all of which has landed.
 * @param into where it is made, over what is there: memory that is new costs more than all the rest.
 */
export function imageAfter(
  first: Buffer,
  told: readonly Told[],
  count: number,
  into: Buffer = Buffer.alloc(first.byteLength),
): Buffer {
  first.copy(into);
  for (const { write } of told.slice(0, count)) write?.content.copy(into, write.offset);
  return into;
}

/** The same, with some of what no flush has made sure of lost. */
export function imageWithLosses(
  first: Buffer,
  told: readonly Told[],
  count: number,
  chance: Chance,
  into?: Buffer,
): Buffer {
  const flushed = told.slice(0, count).findLastIndex(({ write }) => write === undefined) + 1;
  const image = imageAfter(first, told, flushed, into);
  for (const { write } of told.slice(flushed, count)) {
    if (write === undefined) continue;
    for (let at = 0; at < write.content.byteLength; at += SECTOR_BYTES) {
      if (chance.below(2) === 0) continue;
      write.content.subarray(at, at + SECTOR_BYTES).copy(image, write.offset + at);
    }
  }
  return image;
}
