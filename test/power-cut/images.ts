// What the power left, at one instant after the other: a first image, and what changed from each to
// the next.

import { createHash } from 'node:crypto';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import { BLOCK_BYTES } from './disk.spawn.js';

interface Instant {
  readonly what: string;
  /** What the subject had promised by then. */
  readonly promised: number;
  readonly changes: ReadonlyMap<number, Buffer>;
}

export class Images {
  readonly instants: Instant[] = [];
  private readonly first: Buffer;
  private readonly last: Buffer;

  /** What it is given, here and below, it does not keep. */
  constructor(first: Buffer) {
    [this.first, this.last] = [Buffer.from(first), Buffer.from(first)];
  }

  add(what: string, promised: number, image: Buffer): void {
    const changes = new Map<number, Buffer>();
    for (let at = 0; at < image.byteLength; at += BLOCK_BYTES) {
      const block = image.subarray(at, at + BLOCK_BYTES);
      if (block.equals(this.last.subarray(at, at + BLOCK_BYTES))) continue;
      changes.set(at / BLOCK_BYTES, Buffer.from(block));
      block.copy(this.last, at);
    }
    this.instants.push({ what, promised, changes });
  }

  /** Each image, but those that were there before with as much promised. */
  *whole(): Generator<Image> {
    const image = Buffer.from(this.first);
    const seen = new Set<string>();
    for (const { what, promised, changes } of this.instants) {
      for (const [block, bytes] of changes) put(image, block, bytes);
      const digest = createHash('sha256').update(image).digest('hex');
      const key = `${digest} ${String(promised)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { what, promised, image };
    }
  }

  /**
   * What is left by a cut in the middle of the writes from one image to the next: some landed, in any
   * order. Without its commit block a transaction of ext4 does not count, so that nothing of its
   * journal has to be looked at; the journal is large enough to be all that is written of metadata.
   */
  *torn(journalBlocks: ReadonlySet<number>, chance: Chance): Generator<Image> {
    const image = Buffer.from(this.first);
    let promisedBefore = 0;
    for (const { what, promised, changes } of this.instants) {
      const torn = Buffer.from(image);
      for (const [block, bytes] of changes) {
        if (!journalBlocks.has(block) && block > SUPERBLOCK && chance.below(2) === 0) {
          put(torn, block, bytes);
        }
        put(image, block, bytes);
      }
      yield { what: `in the middle of: ${what}`, promised: promisedBefore, image: torn };
      promisedBefore = promised;
    }
  }
}

export interface Image {
  readonly what: string;
  readonly promised: number;
  readonly image: Buffer;
}

/** With blocks of 1 KiB. */
const SUPERBLOCK = 1;

function put(image: Buffer, block: number, bytes: Buffer): void {
  bytes.copy(image, block * BLOCK_BYTES);
}
