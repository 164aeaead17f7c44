// The bytes of a file, decompressed: by Node.js what it knows, and by the machine's own tools what it does
// not.
//
// Invariants:
//   B1. What comes out is bounded while it comes, whatever the file says of itself (T10).
//   B2. A tool gets the file and no name, and ends with whoever reads from it.

import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fail } from '../../sdk/failure.js';
import type { Compression } from './asset.js';
import { unreadable } from './unpack-rules.js';

const STDERR_BYTES_MAX = 1_024;

const tools: Readonly<Record<Exclude<Compression, 'gzip'>, { program: string; packet: string }>> = {
  xz: { program: 'xz', packet: 'xz-utils' },
  zstd: { program: 'zstd', packet: 'zstd' },
  bzip2: { program: 'bzip2', packet: 'bzip2' },
};

type Steps = [Readable, ...NodeJS.ReadWriteStream[]];

/** The bytes, and what they go through. */
export function bytesOf(
  file: string,
  compression: Compression | undefined,
  bytesMax: number,
  signal: AbortSignal,
): Steps {
  const bounded = boundedTo(bytesMax, signal);
  if (compression === undefined) return [createReadStream(file), bounded];
  if (compression === 'gzip') return [createReadStream(file), createGunzip(), bounded];
  return [Readable.from(throughTool(file, compression, signal), { objectMode: false }), bounded];
}

function boundedTo(bytesMax: number, signal: AbortSignal): Transform {
  let left = bytesMax;
  return new Transform({
    signal,
    transform: (chunk: Buffer, _encoding, done) => {
      left -= chunk.byteLength;
      if (left >= 0) done(null, chunk);
      else done(tooLarge(bytesMax)); // B1
    },
  });
}

export function tooLarge(bytesMax: number): Error {
  return fail('TOO_LARGE', `it unpacks to more than ${String(bytesMax / 1_000_000)} MB`);
}

async function* throughTool(
  file: string,
  compression: Exclude<Compression, 'gzip'>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { program, packet } = tools[compression];
  const handle = await open(file);
  const child = spawn(program, ['-dc'], {
    // B2: and nothing of the launch.
    stdio: [handle.fd, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
    signal,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_BYTES_MAX);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      const words = `this machine has no ${program}: install ${packet}`;
      reject(isMissing ? fail('TOOL_MISSING', words) : error);
    });
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(unreadable(`${program} can't read it: ${stderr.trim()}`));
    });
  });
  ended.catch(() => undefined);
  try {
    // Read from at once: what nobody reads by the time that it ends is dropped.
    yield* child.stdout as AsyncIterable<Buffer>;
    // The end of what it wrote is the end of the file only when it says so.
    await ended;
  } catch (error) {
    // Why it ended says more than that it did.
    await ended;
    throw error;
  } finally {
    child.kill('SIGKILL'); // B2
    await handle.close();
  }
}
