// A snapshot as bytes: its lines, compressed. It is packed and unpacked in slices, because whoever does
// so serves thousands of machines meanwhile.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextRound } from 'node:timers/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Policy } from '../policy/policy.js';
import { linesOf, snapshotReader, type Snapshot } from './snapshot.js';
import { SnapshotError } from './snapshot-world.js';

/** Of text, written or read in one go: about 1 ms. A machine's world is some 10 kB. */
const SLICE_CHARS = 64 * 1_024;
/** What is larger is not taken for a snapshot: of 16,000 machines, each with a long history. */
const TEXT_CHARS_MAX = 512 * 1_024 * 1_024;
/** A tenth of the text, for a third of the time that the best would take. */
const GZIP_LEVEL = 1;

export async function packSnapshot(snapshot: Snapshot): Promise<Buffer> {
  const packed: Buffer[] = [];
  await pipeline(
    Readable.from(slicesOf(linesOf(snapshot))),
    createGzip({ level: GZIP_LEVEL }),
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) packed.push(chunk);
    },
  );
  return Buffer.concat(packed);
}

/** @throws SnapshotError */
export async function unpackSnapshot(bytes: Uint8Array, retry: Policy['retry']): Promise<Snapshot> {
  const reader = snapshotReader(retry);
  try {
    for await (const line of linesIn(bytes)) reader.take(line);
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    throw new SnapshotError(`it is damaged: ${(error as Error).message}`, { cause: error });
  }
  return reader.done();
}

async function* slicesOf(lines: Iterable<string>): AsyncGenerator<Buffer> {
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < SLICE_CHARS) continue;
    yield Buffer.from(text);
    text = '';
    await nextRound();
  }
  yield Buffer.from(text);
}

async function* linesIn(bytes: Uint8Array): AsyncGenerator<string> {
  const gunzip = createGunzip({ chunkSize: SLICE_CHARS });
  const unpacking = pipeline(Readable.from([bytes]), gunzip);
  unpacking.catch(() => undefined); // Whoever reads is told by its own error.
  let rest = '';
  let charCount = 0;
  for await (const chunk of gunzip.setEncoding('utf8') as AsyncIterable<string>) {
    charCount += chunk.length;
    if (charCount > TEXT_CHARS_MAX) throw new SnapshotError('it is too large');
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    await nextRound();
  }
  if (rest !== '') throw new SnapshotError('its last line is cut');
}
