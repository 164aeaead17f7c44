// What updaters saved of their runs: the position that a later attempt continues from.
//
// Invariants:
//   C1. `save` returns after the bytes, and the name they have, are durable.
//   C2. A run id is never part of a path (T7): the file is named by its digest.
//   C3. One of a run that has failed is of no use to the next, which has another id, and nobody says so: it
//       goes when it is as old as what is kept of downloads, unless its run is here.

import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeDurably } from '../../runtime/durable.fs.js';
import { keeping } from '../artifacts/keeping.js';

/** As the contract states it. */
export const CHECKPOINT_BYTES_MAX = 64 * 1024;

export interface Checkpoints {
  /** @throws RangeError for more than CHECKPOINT_BYTES_MAX, and what the file system says. */
  save(runId: string, bytes: Uint8Array): Promise<void>;
  /** What was saved last, or undefined. */
  load(runId: string): Promise<Buffer | undefined>;
  remove(runId: string): Promise<void>;
  /** Removes what is old (C3). @param heldRunIds of runs that are here, however long they stand. */
  tidy(nowMs: number, heldRunIds: readonly string[]): Promise<void>;
}

export function createCheckpoints(deps: { readonly dir: string }): Checkpoints {
  const { dir } = deps;
  const nameOf = (runId: string): string => createHash('sha256').update(runId).digest('hex'); // C2
  const pathOf = (runId: string): string => join(dir, nameOf(runId));
  // Saves of one run follow each other: they write through the same partial file.
  const saving = new Map<string, Promise<void>>();

  async function saveNow(runId: string, bytes: Uint8Array): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeDurably(pathOf(runId), bytes); // C1
  }

  return {
    save: async (runId, bytes) => {
      if (bytes.byteLength > CHECKPOINT_BYTES_MAX) {
        throw new RangeError(`a checkpoint has at most ${String(CHECKPOINT_BYTES_MAX)} bytes`);
      }
      const before = saving.get(runId) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(() => saveNow(runId, bytes));
      saving.set(runId, mine);
      try {
        await mine;
      } finally {
        if (saving.get(runId) === mine) saving.delete(runId);
      }
    },
    tidy: async (nowMs, heldRunIds) => {
      const held = new Set(heldRunIds.map(nameOf));
      for (const name of (await ifThere(readdir(dir))) ?? []) {
        // A power cut may have left one that is half written, `<digest>.partial`.
        const [digest = ''] = name.split('.');
        const found = await ifThere(stat(join(dir, name)));
        if (found === undefined || held.has(digest)) continue;
        if (nowMs - found.mtimeMs > keeping.unusedMsMax) await rm(join(dir, name), { force: true });
      }
    },
    load: (runId) => readIfThere(pathOf(runId)),
    remove: async (runId) => {
      await rm(pathOf(runId), { force: true });
      await syncDirectory(dir).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    },
  };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  const file = await ifThere(open(path, 'r'));
  try {
    return await file?.readFile();
  } finally {
    await file?.close();
  }
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
