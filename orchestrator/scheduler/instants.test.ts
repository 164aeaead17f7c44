// Each thing by which a plan changes although nothing happens is an instant at which it is looked at again.

import { expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { nextInstant } from './instants.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const { waiting, ownLoadMs } = trustingPolicy;
const never = 10_000 * DAY_MS;
const late = { deadlineMs: never, graceMs: 0 };
/** A policy in which nothing becomes due. */
const calm: Policy = {
  ...trustingPolicy,
  deadlines: { critical: late, security: late, others: late },
};
const scanned = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
/** Somebody's updater, which looked a month ago. */
const known = (...updates: Parameters<typeof updateOf>[1][]): Dated[] =>
  at(
    NOW_MS - 30 * DAY_MS,
    ...[submitted(UPDATER, { scan: { sla_h: 22, floor_h: 1 } }), enabled(), ...scanned],
    found(updates.map((changes, n) => updateOf(String(n), changes))),
  );
const app = { nextAction: 'install', closedApps: ['/usr/bin/editor'] } as const;
const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: '0', actor: 'operator' };
const policyWith = (changes: Partial<Policy>): Policy => ({ ...calm, ...changes });
const due = (deadlineMs: number, graceMs: number): Policy => {
  const others = { deadlineMs, graceMs };
  return policyWith({ deadlines: { critical: late, security: late, others } });
};

/** It is 17:46:40 on a Sunday. */
test.each<[what: string, fromNowMs: number, Dated[], Policy?]>([
  ['an update becomes due', 2 * DAY_MS, known({}), due(32 * DAY_MS, DAY_MS)],
  ['an update becomes overdue', 3 * DAY_MS, known({}), due(20 * DAY_MS, 13 * DAY_MS)],
  [
    'a scan becomes due',
    2 * DAY_MS + 22 * HOUR_MS,
    known(),
    policyWith({
      deadlines: { ...calm.deadlines, security: { deadlineMs: 32 * DAY_MS, graceMs: 0 } },
    }),
  ],
  [
    'what was accepted for a time is so no longer',
    7 * MINUTE_MS,
    [...known(), ...at(NOW_MS - 1, { ...enabled(), untilMs: NOW_MS + 7 * MINUTE_MS } as Fact)],
  ],
  [
    'an open program has been waited for',
    waiting.appMs - 13 * DAY_MS,
    at(NOW_MS - 13 * DAY_MS, submitted(), enabled(), found([updateOf('a', app)])),
  ],
  [
    'a run that stands still gives way',
    waiting.giveWayMs - MINUTE_MS,
    [
      ...known({}),
      ...at(NOW_MS - MINUTE_MS, admitted('r', perform(updateOf('0'))), paused('r', 'X')),
    ],
  ],
  [
    'what was wanted is forgotten',
    59 * MINUTE_MS,
    [...known({}), ...at(NOW_MS - MINUTE_MS, wanted)],
  ],
  [
    'our own load has left the measurements',
    ownLoadMs - 10_000,
    [...known(), ...at(NOW_MS - 10_000, ...scanned)],
  ],
  [
    'a window opens',
    13 * MINUTE_MS + 20_000,
    known(),
    policyWith({ windows: [{ days: ['sun'], fromMinute: 18 * 60, toMinute: 19 * 60 }] }),
  ],
  [
    'a restart may be warned of, a quarter of an hour before active hours are over',
    58 * MINUTE_MS + 20_000,
    known({ nextAction: 'reboot' }),
    policyWith({ activeHours: { fromHour: 8, toHour: 19 } }),
  ],
])('%s', (_what, fromNowMs, dated, policy = calm) => {
  expect((nextInstant([], [], worldOf(dated), policy, NOW_MS) ?? Number.NaN) - NOW_MS).toBe(
    fromNowMs,
  );
});

test('the first of all that reasons name, and none that has passed', () => {
  const reason = (untilMs: number) => ({ code: 'HELD', message: '', untilMs }) as const;
  const next = (...instants: number[]) =>
    nextInstant([], instants.map(reason), worldOf(known()), calm, NOW_MS);
  expect(next(NOW_MS + 9, NOW_MS + 7, NOW_MS - 1, NOW_MS)).toBe(NOW_MS + 7);
});

test('nothing changes by itself where nothing is known', () => {
  expect(nextInstant([], [], worldOf([]), calm, NOW_MS)).toBeUndefined();
});
