// What is downloaded: no two pieces the same, so that nothing comes out of a store, and made faster than
// it is sent.

import { createHash, randomFillSync } from 'node:crypto';

const BLOCK_BYTES = 1024 * 1024;
const block = randomFillSync(Buffer.alloc(BLOCK_BYTES));

export interface Piece {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The content of `name`, block after block. The noise is of this process. */
export function* blocksOf(name: string, sizeBytes: number): Generator<Buffer> {
  const head = Buffer.from(`${name}\n`);
  yield head.subarray(0, sizeBytes);
  for (let left = sizeBytes - head.byteLength; left > 0; left -= BLOCK_BYTES) {
    yield left >= BLOCK_BYTES ? block : block.subarray(0, left);
  }
}

export function pieceOf(name: string, sizeBytes: number): Piece {
  const hash = createHash('sha256');
  for (const each of blocksOf(name, sizeBytes)) hash.update(each);
  return { name, sha256: hash.digest('hex'), sizeBytes };
}
