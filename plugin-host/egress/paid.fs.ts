// What each run has taken where somebody pays for it, over every attempt at it (L3): also those that
// another process has made, or a plugin-host that is ended in mid-download would give it all again.
//
// Invariants:
//   P1. Nobody waits for the disk: a crash forgets less than a 64th of what a run may take, and what
//       came while that was being written.
//   P2. One write at a time, of what is known when it begins.

import { existsSync, readFileSync } from 'node:fs';
import type { Log } from '../../runtime/log.js';
import { writeDurably } from '../../runtime/durable.fs.js';

/** Runs that are kept in mind; the ones that were seen last. */
const RUNS_MAX = 1_000;
const PARTS = 64;

export interface Paid {
  /** @returns what the run has taken in all. @param bytesMax what it may take. */
  add(runId: string, bytes: number, bytesMax: number): number;
  /** Resolves when what is known is on the disk, or could not be written. */
  settled(): Promise<void>;
}

/** @param kept absent: it is forgotten with this process. */
export function openPaid(kept?: { readonly file: string; readonly log: Log }): Paid {
  const bytesOf = kept === undefined ? new Map<string, number>() : read(kept.file);
  let unsavedBytes = 0;
  let writing: Promise<void> | undefined;

  /** P2. */
  async function write(file: string, log: Log): Promise<void> {
    while (unsavedBytes > 0) {
      unsavedBytes = 0;
      try {
        await writeDurably(file, JSON.stringify([...bytesOf]));
      } catch (error) {
        log.error({ err: error }, 'what was taken over a metered network could not be kept');
      }
    }
    writing = undefined;
  }

  function save(): Promise<void> {
    if (kept === undefined) return Promise.resolve();
    writing ??= write(kept.file, kept.log);
    return writing;
  }

  return {
    add: (runId, bytes, bytesMax) => {
      const all = (bytesOf.get(runId) ?? 0) + bytes;
      bytesOf.delete(runId);
      bytesOf.set(runId, all);
      const [oldest] = bytesOf.keys();
      if (bytesOf.size > RUNS_MAX && oldest !== undefined) bytesOf.delete(oldest);
      unsavedBytes += bytes;
      if (unsavedBytes * PARTS >= bytesMax) void save(); // P1
      return all;
    },
    settled: save,
  };
}

function read(file: string): Map<string, number> {
  if (!existsSync(file)) return new Map();
  return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, number][]);
}
