// What an operator is told of the journal: its entries, and whether they are what was written.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Database from 'libsql';
import { join } from 'node:path';
import { unary } from '../../runtime/grpc.js';
import { verifyChain, genesis } from '../journal/chain.js';
import { admitted, enabled, submitted } from '../world/history.testing.js';
import { openLedgerUnderTest } from '../world/ledger.testing.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';
import { verifyAudit } from './verify-audit.grpc.js';

const options = { deadlineMs: 5_000 };
const scan = { kind: 'scan' } as const;
let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
});

afterEach(() => operator.close());

function verify() {
  const { client } = operator;
  return unary(client.verifyAudit.bind(client), { sign: false }, options);
}

test('lists entries that anyone can verify', async () => {
  await operator.append(submitted(), enabled(), admitted('r', scan));
  const { client } = operator;
  const request = { fromSequence: 0n, pageSize: 0, runId: '' };
  const { entries } = await unary(client.listEntries.bind(client), request, options);
  expect(entries.map(({ kind }) => kind)).toEqual([
    'updater.submitted',
    'updater.enabled',
    'run.admitted',
  ]);
  const stored = entries.map((each) => ({
    sequence: Number(each.sequence),
    atMs: Number(each.atUnixMs),
    body: each.bodyJson,
    hash: each.hashSha256,
  }));
  expect(verifyChain(genesis, stored)).toMatchObject({ kind: 'whole' });
  const from = await unary(
    client.listEntries.bind(client),
    { fromSequence: 2n, pageSize: 1, runId: '' },
    options,
  );
  expect(from.entries.map(({ sequence }) => sequence)).toEqual([2n]);
});

test('verifies, and says where it does not', async () => {
  await operator.append(submitted(), enabled(), admitted('r', scan));
  const { head } = operator.rig.ledger;
  expect(await verify()).toMatchObject({ verified: true, entryCount: 3n, headSha256: head.hash });
  const db = new Database(join(operator.rig.directory, 'journal.db'));
  db.exec(`UPDATE entries SET body = replace(body, 'operator', 'nobody') WHERE sequence = 2`);
  db.close();
  expect(await verify()).toMatchObject({
    verified: false,
    brokenAtSequence: 2n,
    why: expect.stringContaining('entry 2') as unknown,
  });
});

test('does not verify where less is there than was signed: an older copy was put back (T18)', async () => {
  await operator.append(submitted(), enabled(), admitted('r', scan));
  const { client, deps } = operator;
  const signed = await unary(client.verifyAudit.bind(client), { sign: true }, options);
  expect(signed.checkpoint.split('\n')[1]).toBe('3');
  const copy = await openLedgerUnderTest(operator.clock);
  await copy.ledger.append([submitted(), enabled()]);
  const { checkpoints } = deps;
  const found = await verifyAudit({ ledger: copy.ledger, checkpoints }, { sign: true });
  expect(found).toMatchObject({
    ...{ verified: false, brokenAtSequence: 3n, checkpoint: '' },
    why: expect.stringMatching(/^entry 3 is missing, and a checkpoint of it was signed/) as unknown,
  });
  await copy.close();
});
