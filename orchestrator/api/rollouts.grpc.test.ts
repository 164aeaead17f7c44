// Rollouts as an operator asks for them, where there are as many as are kept.

import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  FleetServiceClient,
  ListRolloutsResponse,
  StopRolloutResponse,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import { ROLLOUTS_MAX } from '../world/rollouts.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';
import { PAGE_BYTES_MAX } from './page.js';

const MS_MAX = 60_000;
const options = { deadlineMs: MS_MAX };
/** As long as an update's names are. */
const long = 'x'.repeat(200);

let operator: OperatorUnderTest;
let fleet: FleetServiceClient;

beforeEach(async () => {
  operator = await openOperator();
  fleet = dialUnix(FleetServiceClient, join(operator.rig.directory, 'operator.sock'));
  const all = Array.from({ length: ROLLOUTS_MAX }, (_, n) => ({
    ...({ kind: 'rollout.started', updaterId: 'dev.lull.npm' } as const),
    ...{ updateId: `${long}-${String(n)}`, toVersion: '2.0.0' },
  }));
  await operator.rig.ledger.append(all);
}, MS_MAX);

afterEach(async () => {
  fleet.close();
  await operator.close();
});

test(
  'come in pages that a message holds, the newest first and each once',
  async () => {
    const told: string[] = [];
    let pageToken = '';
    do {
      const request = { pageSize: 0, pageToken };
      const page = await unary(fleet.listRollouts.bind(fleet), request, options);
      expect(ListRolloutsResponse.encode(page).finish().length).toBeLessThan(
        PAGE_BYTES_MAX + 9_999,
      );
      told.push(...page.rollouts.map(({ updateId }) => updateId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    const all = Array.from({ length: ROLLOUTS_MAX }, (_, n) => `${long}-${String(n)}`);
    expect(told).toEqual(all.reverse());
  },
  MS_MAX,
);

test(
  'are stopped and resumed together, in entries that a message holds, and the answer says how many',
  async () => {
    const appended: number[] = [];
    const { ledger } = operator.rig;
    const append = ledger.append.bind(ledger);
    ledger.append = (facts) => {
      appended.push(facts.length);
      return append(facts);
    };
    const request = { subject: 'dev.lull.npm', why: 'they break tills' };
    const stopped = await unary(fleet.stopRollout.bind(fleet), request, options);
    expect(stopped.rollouts.length + stopped.more).toBe(ROLLOUTS_MAX);
    expect(StopRolloutResponse.encode(stopped).finish().length).toBeLessThan(
      PAGE_BYTES_MAX + 9_999,
    );
    expect(Math.max(...appended)).toBeLessThanOrEqual(256);
    const stops = [...ledger.world.rollouts.values()].filter((each) => each.stopped !== undefined);
    expect(stops).toHaveLength(ROLLOUTS_MAX);
    const resumed = await unary(fleet.resumeRollout.bind(fleet), request, options);
    expect(resumed.rollouts.length + resumed.more).toBe(ROLLOUTS_MAX);
    expect(resumed.rollouts.every((each) => each.stopped === '')).toBe(true);
  },
  MS_MAX,
);
