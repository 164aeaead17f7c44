// A ledger on a real journal in a directory of its own, for tests of what stands on it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import { NOW_MS } from './history.testing.js';
import { openLedger, type OwnLedger } from './ledger.loop.js';

export interface LedgerUnderTest extends Closeable {
  readonly directory: string;
  readonly ledger: OwnLedger;
  /** Every fact in the journal, in order. */
  facts(): Promise<Fact[]>;
  close(): Promise<void>;
}

export async function openLedgerUnderTest(
  clock: Clock = new VirtualClock(NOW_MS),
): Promise<LedgerUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'lull-o-'));
  const journal = await openSqliteJournal(join(directory, 'journal.db'));
  const log = createLog('test', 'silent');
  const ledger = await openLedger({ journal, clock, retry: () => defaultPolicy.retry, log });
  return {
    directory,
    ledger,
    facts: async () => {
      const page = await journal.read(1, 10_000);
      return page.map(({ body }) => JSON.parse(body) as Fact);
    },
    close: async () => {
      await journal.close();
      rmSync(directory, { recursive: true });
    },
  };
}
