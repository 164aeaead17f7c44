// A file of /proc that is looked at many times a second: it stays open, and each look is one call.
//
// Invariants:
//   K1. What vanished, or was put in its place, is noticed within `KEPT_MS`.
//   K2. A look never blocks and never throws.

import { closeSync, openSync, readSync } from 'node:fs';
import { READ_ONLY, whyNotRead } from './text-file.js';

const KEPT_MS = 900;
/** The kernel hands over a page at most at a time, and whole lines. */
const PAGE_BYTES = 4_096;
/** After so little there was no further line: none is as long as the rest of the page. */
const LAST_PART_BYTES_MAX = PAGE_BYTES / 2;
/** /proc/diskstats of a machine with a thousand disks has half of that. */
const FILE_BYTES_MAX = 256 * 1024;

const buffer = Buffer.alloc(FILE_BYTES_MAX);

export type KeptBytes =
  /** They are laid over by the next look at any file. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly length: number }
  | { readonly kind: 'missing'; readonly why: string };

export interface KeptFile {
  /** The file as it is now, at an instant of the monotonic clock. */
  read(atMs: number): KeptBytes;
  close(): void;
}

/**
 * @param ifAbsent what to do where the file does not exist, as the end of a sentence.
 * @param bytesMax what follows is of no interest.
 */
export function keptFile(path: string, ifAbsent: string, bytesMax = FILE_BYTES_MAX): KeptFile {
  let fd: number | undefined;
  let openedAtMs = -Infinity;

  function close(): void {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  }

  function opened(atMs: number): number {
    if (atMs - openedAtMs >= KEPT_MS) close(); // K1
    if (fd !== undefined) return fd;
    fd = openSync(path, READ_ONLY);
    openedAtMs = atMs;
    return fd;
  }

  return {
    read: (atMs) => {
      try {
        const from = opened(atMs);
        let length = 0;
        for (let count = PAGE_BYTES; count > LAST_PART_BYTES_MAX && length < bytesMax;) {
          count = readSync(from, buffer, length, bytesMax - length, length);
          length += count;
        }
        return { kind: 'bytes', bytes: buffer, length };
      } catch (error) {
        close();
        return { kind: 'missing', why: whyNotRead(path, error, ifAbsent) }; // K2
      }
    },
    close,
  };
}
