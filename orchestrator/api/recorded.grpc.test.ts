// Somebody says no while the journal can take nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { JournalError, type Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { NOW_MS, trustingPolicy } from '../world/history.testing.js';
import { openLedger, type Ledger } from '../world/ledger.loop.js';
import type { Restraint } from '../world/restraints.js';
import { recorded } from './recorded.grpc.js';

const log = createLog('test', 'silent');
const clock = new VirtualClock(NOW_MS);
const trip: Restraint = {
  ...{ kind: 'switch.tripped', why: 'storm', untilMs: NOW_MS + 3_600_000, actor: 'operator' },
};

let directory: string;
let disk: Journal;
let ledger: Ledger;
let failure: JournalError | undefined;
/** What stood in force at each wake. */
let seen: (string | undefined)[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-r-'));
  [failure, seen] = [undefined, []];
  disk = await openSqliteJournal(join(directory, 'journal.db'));
  const journal: Journal = {
    ...disk,
    append: (entries) => (failure === undefined ? disk.append(entries) : Promise.reject(failure)),
  };
  ledger = await openLedger({ journal, clock, retry: () => trustingPolicy.retry, log });
});

afterEach(async () => {
  await disk.close();
  rmSync(directory, { recursive: true });
});

const wake = (): void => {
  seen.push(ledger.inForce.tripped?.why);
};

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('on a disk with room the call is answered when it is in the journal', async () => {
  await recorded({ ledger, clock, wake }, trip);
  expect(ledger.world.tripped?.why).toBe('storm');
  expect(seen).toEqual(['storm']);
});

test('on a full disk it is in force at once, and the call says after a while that it is not recorded', async () => {
  failure = new JournalError('NO_SPACE', 'full');
  const call = recorded({ ledger, clock, wake }, trip).catch((error: unknown) => error);
  expect(seen).toEqual(['storm']);
  expect(ledger.world.tripped).toBeUndefined();
  await settle();
  clock.advance(5_000);
  expect(await call).toMatchObject({
    reason: 'NOT_RECORDED',
    message: expect.stringMatching(/in force.*disk may be full.*lost over a restart/) as unknown,
  });
  failure = undefined;
  for (let look = 0; look < 500 && ledger.world.tripped === undefined; look += 1) {
    clock.advance(2_000);
    await settle();
  }
  expect(ledger.world.tripped?.why).toBe('storm');
});

test('on a broken journal it is in force for as long as this process lives, and the call says so', async () => {
  failure = new JournalError('JOURNAL_BROKEN', 'the disk is gone');
  const call = await recorded({ ledger, clock, wake }, trip).catch((error: unknown) => error);
  expect(call).toMatchObject({ reason: 'NOT_RECORDED' });
  expect((call as Error).message).toContain('the disk is gone');
  expect(ledger.inForce.tripped?.why).toBe('storm');
});
