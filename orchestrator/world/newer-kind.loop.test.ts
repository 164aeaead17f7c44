// A journal goes back to an older version, which meets what a newer one has written.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { chainEntry, genesis } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import type { Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import { openLedger } from './ledger.loop.js';

let directory: string;
let journal: Journal;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-n-'));
  journal = await openSqliteJournal(join(directory, 'journal.db'));
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

async function openWith(fact: object) {
  const { sequence, atMs, body, hash } = chainEntry(genesis, 1_000, fact as Fact);
  await journal.append([{ sequence, atMs, body, hash }]);
  const retry = () => defaultPolicy.retry;
  const log = createLog('test', 'silent');
  return openLedger({ journal, clock: new VirtualClock(1_000), retry, log });
}

test('a kind that it does not know: it does not go on as if that forbade nothing', async () => {
  await expect(openWith({ kind: 'quarantine.placed', subject: 'x' })).rejects.toMatchObject({
    code: 'JOURNAL_NEWER',
    message: expect.stringMatching(/entry 1 .*"quarantine\.placed".*as new/) as unknown,
  });
});

test('a field that it does not know is passed over, and the chain holds', async () => {
  const tripped = { kind: 'switch.tripped', why: 'a test', untilMs: 9_000, actor: 'operator' };
  const ledger = await openWith({ ...tripped, ring: 'first' });
  expect(ledger.world.tripped).toMatchObject({ why: 'a test' });
});
