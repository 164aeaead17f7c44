// What a machine says of rollouts to whoever keeps what holds for all.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { RolloutFact } from '../journal/rollout-fact.js';
import { defaultPolicy } from '../policy/policy.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  NOW_MS,
  perform,
  submitted,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { ROLLOUT_QUOTA } from '../journal/fact-quota.js';
import { noteRollouts } from './rollout-notes.loop.js';

const HOUR_MS = 3_600_000;
const rings = [{ name: 'first', percent: 100, soakMs: 0 }];
const policy = { ...defaultPolicy, rollout: { ...defaultPolicy.rollout, rings } };

let rig: LedgerUnderTest;
let clock: VirtualClock;
let notes: Closeable;
let noted: RolloutFact[];
let fails: boolean;

beforeEach(async () => {
  clock = new VirtualClock(NOW_MS);
  rig = await openLedgerUnderTest(clock);
  [noted, fails] = [[], false];
  await rig.ledger.append([submitted(), enabled()]);
  notes = noteRollouts({
    ...{ ledger: rig.ledger, clock, log: createLog('test', 'silent') },
    hostId: () => 'm1',
    policy: () => policy,
    note: async (facts) => {
      if (fails) throw new Error('nobody leads the fleet');
      noted.push(...facts);
      await rig.ledger.append(facts);
    },
  });
});

afterEach(async () => {
  await notes.close();
  await rig.close();
});

/** As many updates as a scan may find, in versions that nobody has seen. */
function scan(version: string, count = 2_000) {
  const updates = Array.from({ length: count }, (_, index) =>
    updateOf(`u${String(index)}`, { toVersion: version }),
  );
  return rig.ledger.append([found(updates)]);
}

/** Whatever is under way has come to its end. */
async function nothingMore(): Promise<void> {
  const before = noted.length;
  for (const message of ['a', 'b']) {
    await rig.ledger.append([{ kind: 'run.notice', runId: 'r', message }]);
  }
  expect(noted.length).toBe(before);
}

test('a machine that finds 2,000 new updates at each scan begins 1,000 rollouts on a day', async () => {
  for (const version of ['2', '3', '4', '5', '6']) await scan(version);
  await until('some are noted', () => noted.length >= ROLLOUT_QUOTA.entries);
  await nothingMore();
  expect(noted.length).toBe(ROLLOUT_QUOTA.entries);
});

test('the others are begun as time passes', async () => {
  await scan('2', 1_010);
  await until('some are noted', () => noted.length === 1_000);
  await nothingMore();
  clock.advance(HOUR_MS);
  await until('the rest is noted', () => noted.length === 1_010);
});

test('what could not be noted is not counted twice', async () => {
  fails = true;
  await scan('2', 900);
  for (let again = 0; again < 5; again += 1) {
    clock.advance(5_000);
    await nothingMore();
  }
  fails = false;
  clock.advance(5_000);
  await until('all are noted', () => noted.length === 900);
});

test('that an update failed on a machine is noted once, and again when it was let go on', async () => {
  await scan('2', 1);
  await until('it began', () => noted.length === 1);
  const update = updateOf('u0', { toVersion: '2', nextAction: 'install' });
  const fail = async (id: string): Promise<void> => {
    await rig.ledger.append([
      admitted(id, perform(update)),
      finished(id, failure('APPLY_FAILED', false)),
    ]);
  };
  await fail('r1');
  await until('it failed', () => noted.length === 2);
  await fail('r2');
  await nothingMore();
  expect(noted.map(({ kind }) => kind)).toEqual(['rollout.started', 'rollout.failed']);
  const which = { updaterId: UPDATER, updateId: 'u0', toVersion: '2' };
  await rig.ledger.append([{ kind: 'rollout.resumed', ...which, actor: 'operator' }]);
  await fail('r3');
  await until('it failed again', () => noted.length === 3);
});
