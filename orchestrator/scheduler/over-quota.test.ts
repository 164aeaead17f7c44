// What is decided for a machine, or an updater, that has said more than its journal takes.

import { expect, test } from '@jest/globals';
import {
  admitted,
  enabled,
  at,
  found,
  NOW_MS,
  paused,
  perform,
  started,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
  trustingPolicy,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering, OTHER } from './offering.testing.js';
import type { OverQuota } from './over-quota.js';

const untilMs = NOW_MS + 6 * HOUR_MS;
const machine: OverQuota = { untilMs, updaters: new Map() };
const updater: OverQuota = { updaters: new Map([[UPDATER, untilMs]]) };
const other: OverQuota = { updaters: new Map([[OTHER, untilMs]]) };
const over: OverQuota = { untilMs: NOW_MS - 1, updaters: new Map([[UPDATER, NOW_MS]]) };

const waits = offering([updateOf('a', { nextAction: 'install' })]);
const goesOn = offering([updateOf('a')], admitted('r', perform(updateOf('a'))), started('r'));

test.each([
  ['of the machine', machine, ['JOURNAL_QUOTA']],
  ['of the updater', updater, ['JOURNAL_QUOTA']],
  ['of another updater', other, []],
  ['that is there again', over, []],
])('with the quota %s used up', (_what, overQuota, codes) => {
  const host = { ...hostWith(), overQuota };
  const plan = decide(worldOf(waits), host, trustingPolicy, NOW_MS);
  const mine = plan.waiting.find(({ subject }) => subject.work.kind === 'perform');
  expect(mine?.reasons.map(({ code }) => code) ?? []).toEqual(codes);
  expect(plan.admit.length).toBe(codes.length === 0 ? 1 : 0);

  const { stop } = decide(worldOf(goesOn), host, trustingPolicy, NOW_MS);
  expect(stop.map(({ run, reason }) => [run.id, reason.code])).toEqual(
    codes.map((code) => ['r', code]),
  );
});

test('a paused run is stopped as well, and it is looked again when there is room', () => {
  const world = worldOf([...goesOn, ...at(NOW_MS - 1_000, paused('r'))]);
  const plan = decide(world, { ...hostWith(), overQuota: machine }, trustingPolicy, NOW_MS);
  expect(plan.resume).toEqual([]);
  expect(plan.stop.map(({ run }) => run.id)).toEqual(['r']);
  expect(plan.lookAgainAtMs).toBeLessThanOrEqual(untilMs);
});

test('the reason says how much, of whom, and until when', () => {
  const both = { ...machine, ...updater };
  const plan = decide(worldOf(waits), { ...hostWith(), overQuota: both }, trustingPolicy, NOW_MS);
  const reasons = plan.waiting.flatMap((each) => each.reasons);
  expect(reasons).toContainEqual({
    ...{ code: 'JOURNAL_QUOTA', about: 'this machine', untilMs },
    message:
      'of this machine the journal has more than 60000 entries or 100 MB a day; it takes more in 6 h. "lull audit log" shows what was said',
  });
  expect(reasons).toContainEqual(expect.objectContaining({ about: UPDATER, untilMs }));
});

test('what a host puts back by itself goes on', () => {
  const update = updateOf('a');
  const world = worldOf([
    ...at(NOW_MS - HOUR_MS, submitted(), enabled(), found([update])),
    ...at(NOW_MS - HOUR_MS, admitted('r', { kind: 'revert', update, roots: [] }), started('r')),
  ]);
  const plan = decide(world, { ...hostWith(), overQuota: machine }, trustingPolicy, NOW_MS);
  expect(plan.stop).toEqual([]);
});
