// What a clock that is set makes of what was seen before.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '../journal/fact.js';
import { deadlineOf, urgencyAt } from './urgency.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { updateKey, type MutableWorld } from '../world/world.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2030, 0, 1);
const LONG_MS = 90 * DAY_MS;

function set(byMs: number): Fact {
  return { kind: 'clock.set', byMs };
}

function seen(atMs: number): Dated[] {
  const scanned = [admitted('s', { kind: 'scan' }), found([updateOf('a')])];
  return at(atMs, submitted(), enabled(), ...scanned, finished('s', { kind: 'succeeded' }));
}

function firstSeenAtMs({ updates }: MutableWorld): number {
  return updates.get(updateKey(UPDATER, 'a'))?.firstSeenAtMs ?? Number.NaN;
}

function urgenciesAt({ updates }: MutableWorld, nowMs: number): string[] {
  return [...updates.values()].map((state) => urgencyAt(deadlineOf(state, trustingPolicy), nowMs));
}

describe('an update that was first seen while the clock was months behind', () => {
  test('is not overdue because somebody sets the clock right', () => {
    const before = seen(NOW_MS - LONG_MS);
    expect(urgenciesAt(worldOf(before), NOW_MS)).toEqual(['overdue']);
    const after = worldOf([...before, ...at(NOW_MS + 1_000, set(LONG_MS))]);
    expect(urgenciesAt(after, NOW_MS + 1_000)).toEqual(['normal']);
    expect(firstSeenAtMs(after)).toBe(NOW_MS);
  });

  test('is overdue when its time has passed by the clock that is right', () => {
    const after = worldOf([...seen(NOW_MS - LONG_MS), ...at(NOW_MS, set(LONG_MS))]);
    expect(urgenciesAt(after, NOW_MS + 21 * DAY_MS)).toContain('overdue');
  });
});

test('what was seen by the new clock, before anybody noticed that it was set, was seen then', () => {
  const late = at(NOW_MS + 5_000, found([updateOf('a'), updateOf('b')]));
  const noticed = at(NOW_MS + 60_000, set(LONG_MS));
  const { updates } = worldOf([...seen(NOW_MS - LONG_MS), ...late, ...noticed]);
  expect(updates.get(updateKey(UPDATER, 'b'))?.firstSeenAtMs).toBe(NOW_MS + 5_000);
});

test('a clock that is set ahead for a while makes nothing younger, and nothing overdue meanwhile', () => {
  const there = [...seen(NOW_MS), ...at(NOW_MS + LONG_MS, set(LONG_MS))];
  expect(urgenciesAt(worldOf(there), NOW_MS + LONG_MS)[0]).toBe('normal');
  const back = worldOf([...there, ...at(NOW_MS + DAY_MS, set(-LONG_MS))]);
  expect(firstSeenAtMs(back)).toBe(NOW_MS);
});

test('a clock that is behind at each start, and set right later, keeps no update young for ever', () => {
  const starts = Array.from({ length: 30 }, (_, day) => at(NOW_MS + day * DAY_MS, set(2 * DAY_MS)));
  const world = worldOf([...seen(NOW_MS - 10 * DAY_MS), ...starts.flat()]);
  expect(firstSeenAtMs(world)).toBe(NOW_MS - 8 * DAY_MS);
  expect(urgenciesAt(world, NOW_MS + 30 * DAY_MS)).toContain('overdue');
});

test('nor where each start finds it anew', () => {
  const starts = Array.from({ length: 30 }, (_, day) =>
    at(NOW_MS + day * DAY_MS, set(2 * DAY_MS), found([updateOf('a')])),
  );
  const world = worldOf([...seen(NOW_MS - 10 * DAY_MS), ...starts.flat()]);
  expect(firstSeenAtMs(world)).toBe(NOW_MS - 8 * DAY_MS);
});

describe('since when an update waits for a restart, where no start has a name', () => {
  const reboot = updateOf('a', { nextAction: 'reboot' });
  const waitingSince = (atMs: number) => [
    ...at(atMs, submitted(), enabled(), admitted('s', { kind: 'scan' }), found([reboot])),
  ];
  const actionSinceMs = ({ updates }: MutableWorld) =>
    updates.get(updateKey(UPDATER, 'a'))?.actionSinceMs;

  test('goes back with the clock: a restart after that is one', () => {
    const world = worldOf([...waitingSince(NOW_MS), ...at(NOW_MS - DAY_MS + 1_000, set(-DAY_MS))]);
    expect(actionSinceMs(world)).toBe(NOW_MS - DAY_MS);
  });

  test('goes ahead with it each time, as the instant at which the machine started: none is made up', () => {
    const world = worldOf([
      ...waitingSince(NOW_MS),
      ...at(NOW_MS + DAY_MS + 1_000, set(DAY_MS)),
      ...at(NOW_MS + 2 * DAY_MS + 2_000, set(DAY_MS)),
    ]);
    expect(actionSinceMs(world)).toBe(NOW_MS + 2 * DAY_MS);
  });

  test('that nobody noticed to be set back, it waits since the next scan at the latest', () => {
    const world = worldOf([...waitingSince(NOW_MS), ...at(NOW_MS - DAY_MS, found([reboot]))]);
    expect(actionSinceMs(world)).toBe(NOW_MS - DAY_MS);
  });
});

test('nothing is made to lie ahead', () => {
  const by = fc.integer({ min: -LONG_MS, max: LONG_MS });
  fc.assert(
    fc.property(by, fc.integer({ min: 0, max: LONG_MS }), (byMs, agoMs) => {
      const world = worldOf([...seen(NOW_MS - agoMs), ...at(NOW_MS + byMs, set(byMs))]);
      expect(firstSeenAtMs(world)).toBeLessThanOrEqual(Math.max(NOW_MS + byMs, NOW_MS - agoMs));
    }),
  );
});
