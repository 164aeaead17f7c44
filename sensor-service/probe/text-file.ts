// Reading the kernel's small text files. What stands in the way becomes words that help.
//
// Files of /proc are made from memory and are read at once: handing each to a thread costs five times
// the CPU and fifty wake-ups a round. They are opened without blocking, so that even something odd in
// their place (a FIFO) cannot stop the loop. Files that ask hardware are read by `readSlowText`.

import { closeSync, constants, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

/** /proc/locks of a busy file server has that; /proc/stat of a thousand cores an eighth. */
const FILE_BYTES_MAX = 1024 * 1024;
/** An attribute in /sys is one page at most. */
const ATTRIBUTE_BYTES_MAX = 4_096;

/** Without blocking: not even a FIFO in its place may stop the loop. */
export const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK;

export type TextFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing'; readonly why: string };

const buffer = Buffer.alloc(FILE_BYTES_MAX);

/** @param ifAbsent what to do where the file does not exist, as the end of a sentence. */
export function readText(path: string, ifAbsent: string): TextFile {
  let fd: number | undefined;
  try {
    fd = openSync(path, READ_ONLY);
    let length = 0;
    for (let count = -1; count !== 0 && length < FILE_BYTES_MAX; length += count) {
      count = readSync(fd, buffer, length, FILE_BYTES_MAX - length, null);
    }
    return { kind: 'text', text: buffer.toString('utf8', 0, length) };
  } catch (error) {
    return { kind: 'missing', why: whyNotRead(path, error, ifAbsent) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const readInThread = promisify(read);

/**
 * Like `readText`, for attributes in /sys for which the kernel asks a device, or waits: when they are read, not
 * when they are opened. The whole of one comes at once. So one thread is asked once: each time wakes two.
 */
export async function readSlowText(path: string, ifAbsent: string): Promise<TextFile> {
  let fd: number | undefined;
  try {
    fd = openSync(path, READ_ONLY);
    const bytes = Buffer.alloc(ATTRIBUTE_BYTES_MAX);
    const { bytesRead } = await readInThread(fd, bytes, 0, bytes.length, null);
    return { kind: 'text', text: bytes.toString('utf8', 0, bytesRead) };
  } catch (error) {
    return { kind: 'missing', why: whyNotRead(path, error, ifAbsent) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Why `path` could not be read, and what would change that. */
export function whyNotRead(path: string, error: unknown, ifAbsent: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'an unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `${path} does not exist; ${ifAbsent}`;
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read; permit it to the user that Lull runs as`;
    case 'EOPNOTSUPP':
      return `${path} is turned off in the kernel; ${ifAbsent}`;
    default:
      return `${path} cannot be read (${code})`;
  }
}
