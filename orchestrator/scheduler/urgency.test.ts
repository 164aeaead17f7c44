import { describe, expect, test } from '@jest/globals';
import {
  at,
  enabled,
  finished,
  admitted,
  engaged,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { noTrials, type UpdateState } from '../world/world.js';
import { decide } from './decide.js';
import { hostWith } from './offering.testing.js';
import { deadlineOf, scanDeadlineOf, urgencyAt } from './urgency.js';

const DAY_MS = 86_400_000;
const SEEN_MS = 1_000 * DAY_MS;

function stateOf(changes: Parameters<typeof updateOf>[1] = {}): UpdateState {
  return {
    updaterId: 'com.acme.tool',
    update: updateOf('a', changes),
    firstSeenAtMs: SEEN_MS,
    actionSinceMs: SEEN_MS,
    offered: 'download',
    trials: noTrials,
  };
}

const daysAfter = (atMs: number): number => (atMs - SEEN_MS) / DAY_MS;

describe('a deadline', () => {
  test.each<[string, UpdateState, number, number]>([
    ['of policy', stateOf(), 14, 21],
    ['of policy, for security', stateOf({ security: true }), 7, 9],
    ['of policy, for what is important', stateOf({ severity: 'important' }), 7, 9],
    ['of policy, for what is critical', stateOf({ severity: 'critical' }), 7, 9],
    ['of policy, for what is of low severity', stateOf({ severity: 'low' }), 14, 21],
    [
      'of the publisher, when it is earlier',
      stateOf({ deadlineAtMs: SEEN_MS + 9 * DAY_MS }),
      9,
      16,
    ],
    [
      'of policy, when the publisher is in no hurry',
      stateOf({ deadlineAtMs: SEEN_MS + 99 * DAY_MS }),
      14,
      21,
    ],
    ['in the past: the grace counts from the day it was seen', stateOf({ deadlineAtMs: 5 }), 7, 14],
  ])('%s', (_what, state, due, overdue) => {
    const deadline = deadlineOf(state, trustingPolicy);
    expect([daysAfter(deadline.dueAtMs), daysAfter(deadline.overdueAtMs)]).toEqual([due, overdue]);
  });
});

describe('the deadline of a scan is that of a security update', () => {
  const enabledThen: Dated[] = at(SEEN_MS, submitted(), enabled());
  const scanned: Dated[] = at(
    SEEN_MS,
    admitted('r', { kind: 'scan' }),
    finished('r', { kind: 'succeeded' }),
  );

  test.each<[string, Dated[], number, number]>([
    ['from when its updater was enabled', enabledThen, 7, 9],
    ['from when the next one was due', [...enabledThen, ...scanned], 7 + 22 / 24, 9 + 22 / 24],
  ])('%s', (_what, dated, due, overdue) => {
    const updater = worldOf(dated).updaters.get(UPDATER);
    if (updater === undefined) throw new Error('it was submitted');
    const deadline = scanDeadlineOf(updater, trustingPolicy);
    expect([daysAfter(deadline.dueAtMs), daysAfter(deadline.overdueAtMs)]).toEqual([due, overdue]);
  });
});

test('a machine on which somebody is always there is scanned all the same, as it is updated', () => {
  const levels = [6, 7, 9].map((days) => {
    const nowMs = SEEN_MS + days * DAY_MS;
    const world = worldOf(at(SEEN_MS, submitted(), enabled()));
    const { admit } = decide(world, hostWith({ presence: engaged }), trustingPolicy, nowMs);
    return admit[0]?.subject.level;
  });
  expect(levels).toEqual([undefined, 'gentle', 'noticeable']);
});

describe('what is urgent may be felt', () => {
  test.each<[number, string, string]>([
    [13, 'normal', 'silent'],
    [14, 'due', 'gentle'],
    [21, 'overdue', 'noticeable'],
  ])('after %i days: %s, %s', (afterDays, urgency, level) => {
    const nowMs = SEEN_MS + afterDays * DAY_MS;
    const reached = urgencyAt(deadlineOf(stateOf(), trustingPolicy), nowMs);
    expect([reached, trustingPolicy.intrusion[reached]]).toEqual([urgency, level]);
  });
});
