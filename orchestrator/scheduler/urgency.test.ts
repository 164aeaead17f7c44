import { describe, expect, test } from '@jest/globals';
import { defaultPolicy } from '../policy/policy.js';
import { updateOf } from '../world/history.testing.js';
import { noTrials, type UpdateState } from '../world/world.js';
import { deadlineOf, intrusionOf, urgencyOf } from './urgency.js';

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
    const deadline = deadlineOf(state, defaultPolicy);
    expect([daysAfter(deadline.dueAtMs), daysAfter(deadline.overdueAtMs)]).toEqual([due, overdue]);
  });
});

describe('what is urgent may be felt', () => {
  test.each<[number, string, string]>([
    [13, 'normal', 'silent'],
    [14, 'due', 'gentle'],
    [21, 'overdue', 'noticeable'],
  ])('after %i days: %s, %s', (afterDays, urgency, level) => {
    const nowMs = SEEN_MS + afterDays * DAY_MS;
    expect(urgencyOf(stateOf(), defaultPolicy, nowMs)).toBe(urgency);
    expect(intrusionOf(stateOf(), defaultPolicy, nowMs)).toBe(level);
  });

  test('a scan never is', () => {
    expect(intrusionOf(undefined, defaultPolicy, Number.MAX_SAFE_INTEGER)).toBe('silent');
  });
});
