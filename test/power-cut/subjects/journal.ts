// A journal, wherever it is kept: every entry that was promised is there, and the chain is whole.

import { join } from 'node:path';
import {
  chainEntry,
  genesis,
  verifyChain,
  type Head,
} from '../../../orchestrator/journal/chain.js';
import type { Journal } from '../../../orchestrator/journal/journal.js';
import { openSqliteJournal } from '../../../orchestrator/journal/sqlite.js';
import type { Subject } from '../subject.js';

/** Opens the journal that is kept in a directory; closing it lets go of the directory. */
export type OpenJournal = (directory: string) => Promise<Journal>;

export function journalSubject(open: OpenJournal, entryCount: number): Subject {
  return {
    overwrites: true,
    prepare: () => Promise.resolve(),
    write: async (directory, promised, step) => {
      const opened = await open(directory);
      step();
      let head: Head = genesis;
      for (let count = 1; count <= entryCount; count += 1) {
        const message = 'x'.repeat((count * 997) % 6_000);
        const entry = chainEntry(head, count, { kind: 'run.notice', runId: 'run-1', message });
        head = entry;
        const { sequence, atMs, body, hash } = entry;
        await opened.append([{ sequence, atMs, body, hash }]);
        promised(count);
        step();
      }
      await opened.close();
      step();
    },
    problems: async (directory, promised) => {
      const opened = await open(directory);
      try {
        const verdict = verifyChain(genesis, await opened.read(1, entryCount + 1));
        if (verdict.kind === 'broken') return [verdict.why];
        const { sequence } = verdict.head;
        return sequence >= promised
          ? []
          : [`entry ${String(promised)} was promised, and it ends with ${String(sequence)}`];
      } finally {
        await opened.close();
      }
    },
  };
}

const ENTRIES = 24;

export const journal = journalSubject(
  (directory) => openSqliteJournal(join(directory, 'journal.db')),
  ENTRIES,
);
