// The orchestrator's journal: every entry that was promised is there, and the chain is whole.

import { join } from 'node:path';
import {
  chainEntry,
  genesis,
  verifyChain,
  type Head,
} from '../../../orchestrator/journal/chain.js';
import { openSqliteJournal } from '../../../orchestrator/journal/sqlite.js';
import type { Subject } from '../subject.js';

const ENTRIES = 24;

export const journal: Subject = {
  overwrites: true,
  prepare: () => Promise.resolve(),
  write: async (directory, promised, step) => {
    const opened = await openSqliteJournal(join(directory, 'journal.db'));
    step();
    let head: Head = genesis;
    for (let count = 1; count <= ENTRIES; count += 1) {
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
    const opened = await openSqliteJournal(join(directory, 'journal.db'));
    try {
      const verdict = verifyChain(genesis, await opened.read(1, ENTRIES + 1));
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
