// What this orchestrator has seen of the journals on a server, kept with its own state: one that comes back
// empty, or with an older copy, or another server, is not taken for a fleet, or a machine, that is new.
//
// Invariants:
//   V1. A journal that lacks an entry which was seen is refused. Nothing is begun in its place, and
//       nothing is made up.
//       Only whoever takes a server that may lose what it acknowledged goes on with what is left.
//   V2. What is kept is never ahead of the journal: only what was durable is seen.

import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { writeDurably } from '../../runtime/durable.fs.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Head } from './chain.js';
import { JournalError, type Journal } from './journal.js';

const headsSchema = z.record(
  z.string(),
  z.object({ sequence: z.number().int().nonnegative(), hash: z.string() }),
);

export interface Witness extends Closeable {
  readonly hasSeen: boolean;
  /** What is wrong with the journals, in words for people; undefined: nothing. */
  readonly lost: string | undefined;
  /** V2. */
  saw(partition: string, head: Head): void;
  /** Opens a journal, and holds it against what was seen. @throws JournalError JOURNAL_LOST (V1) */
  confirmed(partition: string, open: () => Promise<Journal>): Promise<Journal>;
  /** Resolves when everything that was seen is kept. */
  close(): Promise<void>;
}

export async function openWitness(deps: {
  readonly file: string;
  /** The server may lose what it acknowledged, and its owner knows (V1). */
  readonly allowLossy: boolean;
  readonly log: Log;
}): Promise<Witness> {
  const { file, allowLossy, log } = deps;
  const heads = new Map<string, Head>(Object.entries(await readHeads(file)));
  const lost = new Map<string, string>();
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeDurably(file, JSON.stringify(Object.fromEntries(heads)));
  }

  async function confirm(partition: string, journal: Journal): Promise<void> {
    const seen = heads.get(partition);
    if (seen === undefined || seen.sequence === 0) return;
    const { sequence } = await journal.head();
    const [found] = sequence < seen.sequence ? [] : await journal.read(seen.sequence, 1);
    if (found?.hash === seen.hash) return;
    const there = found === undefined ? `it ends with ${String(sequence)}` : 'another is there';
    const what = `entry ${String(seen.sequence)} of the journal of ${partition} was there, and ${there}`;
    if (!allowLossy) throw new JournalError('JOURNAL_LOST', what);
    log.error({ partition, reason: 'JOURNAL_LOST' }, `${what}: it goes on with what is left`);
    heads.delete(partition);
  }

  return {
    get hasSeen() {
      return heads.size > 0;
    },
    get lost() {
      return [...lost.values()][0];
    },
    saw: (partition, head) => {
      const before = heads.get(partition);
      if (before !== undefined && before.sequence >= head.sequence) return;
      heads.set(partition, { sequence: head.sequence, hash: head.hash });
      writing = writing.then(write).catch((error: unknown) => {
        log.error({ err: error, file }, 'what was seen of the journals is not kept');
      });
    },
    confirmed: async (partition, open) => {
      let journal: Journal | undefined;
      try {
        journal = await open();
        await confirm(partition, journal);
        lost.delete(partition);
        return journal;
      } catch (error) {
        await journal?.close();
        if (!(error instanceof JournalError) || error.code !== 'JOURNAL_LOST') throw error;
        const what = `${error.message}. The server has lost it, or is another one. Restore what it had; or, to begin anew there, stop every orchestrator that has seen it and remove ${file} of each.`;
        lost.set(partition, what);
        throw new JournalError('JOURNAL_LOST', what, { cause: error });
      }
    },
    close: () => writing,
  };
}

async function readHeads(file: string): Promise<z.infer<typeof headsSchema>> {
  try {
    return headsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    // Nothing is made up in its place (V1).
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
