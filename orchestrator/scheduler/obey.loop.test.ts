// An order to restart the machine, as it is sent.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Policy } from '../policy/policy.js';
import {
  admitted,
  enabled,
  finished,
  found,
  NOW_MS,
  quietReadings,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { decide } from './decide.js';
import { permit, type ObeyDeps } from './obey.loop.js';

const policy: Policy = { ...trustingPolicy, restarts: 'allow' };
const WARNING_MS = policy.restartWarningMs;

let clock: VirtualClock;
let rig: LedgerUnderTest;
let sent: NonNullable<AttachResponse['kind']>[];
let deps: ObeyDeps;

beforeEach(async () => {
  clock = new VirtualClock(NOW_MS);
  rig = await openLedgerUnderTest(clock);
  sent = [];
  const host = {
    ...{ hostId: 'host-1', instanceId: 'i', bootId: undefined, confinement: undefined },
    ...{ held: new Map(), diskPath: '' },
    send: (command: NonNullable<AttachResponse['kind']>) => void sent.push(command),
  };
  deps = {
    ...{ ledger: rig.ledger, clock, policy: () => policy, host: () => host },
    hostView: () => ({
      ...{ id: 'host-1', attached: true, readings: quietReadings(), diskPath: '/' },
      ...{ servedSinceMs: NOW_MS - 3_600_000, level: 'confined' },
    }),
  };
  const actions = ['download', 'install', 'verify', 'reboot'];
  const reboot = updateOf('a', { nextAction: 'reboot' });
  const scanned = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
  const known = [submitted(UPDATER, { actions }), enabled(), found([reboot]), ...scanned];
  await rig.ledger.append(known);
});

afterEach(() => rig.close());

/** What was decided, after so much time was spent writing it. */
async function orderedAfter(ms: number): Promise<void> {
  const decided = decide(rig.ledger.inForce, deps.hostView(), policy, NOW_MS);
  expect(decided.restart.order).toBeDefined();
  clock.advance(ms);
  await permit({ ...decided, admit: [], resume: [] }, deps);
}

test('it is due so long from now on, whatever the clock of its host says, and has what that is to hold by itself', async () => {
  await orderedAfter(1_000);
  expect(sent).toMatchObject([{ $case: 'restart', value: { inMs: BigInt(WARNING_MS - 1_000) } }]);
  const guards = sent.flatMap((each) => (each.$case === 'restart' ? each.value.guard : []));
  const kinds = guards.map(({ kind }) => kind?.$case);
  expect(kinds).toContain('personAway');
  expect(kinds).toContain('noRemoteSession');
});

test('one that took the time of its warning to be written is not sent', async () => {
  await orderedAfter(WARNING_MS / 2 + 1);
  expect((await rig.facts()).at(-1)).toMatchObject({ kind: 'restart.ordered' });
  expect(sent).toEqual([]);
});
