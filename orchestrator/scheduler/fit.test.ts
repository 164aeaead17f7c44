// Whether the quiet is likely to last for a section that cannot be frozen, and when that is looked at again.

import { describe, expect, test } from '@jest/globals';
import { withReadings, type Value } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  NOW_MS,
  reading,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering } from './offering.testing.js';

/** On battery, so that nothing but the hour changes what is said. It is 17:46:40 on a Sunday. */
const host = hostWith({ 'power.ac': { kind: 'flag', flag: false } });
const clock = (atMs: number | undefined): string | undefined =>
  atMs === undefined ? undefined : new Date(atMs).toISOString().slice(11, 19);

function looksAgainAt(
  sectionS: number,
  update: Partial<Update> = {},
  nowMs = NOW_MS,
): string | undefined {
  const dated = at(
    NOW_MS - 90_000,
    submitted(UPDATER, { critical_max_s: sectionS, actions: ['install'] }),
    enabled(),
    admitted('s', { kind: 'scan' }),
    finished('s', { kind: 'succeeded' }),
    found([updateOf('a', { nextAction: 'install', ...update })]),
  );
  return clock(
    decide(worldOf([...offering([]), ...dated]), host, trustingPolicy, nowMs).lookAgainAtMs,
  );
}

test.each<[situation: string, sectionS: number, Partial<Update>, at: string]>([
  ['three minutes cross into the next hour three minutes before it', 180, {}, '17:57:00'],
  ['ten minutes do so before', 600, {}, '17:50:00'],
  ['what takes less than its section does so later', 600, { expectedS: 180 }, '17:57:00'],
])('%s', (_what, sectionS, update, then) => {
  expect(looksAgainAt(sectionS, update)).toBe(then);
});

test('what has crossed into the next hour is looked at again where that begins', () => {
  const halfPastMs = NOW_MS + 13 * 60_000;
  expect(clock(halfPastMs)).toBe('17:59:40');
  expect(looksAgainAt(180, {}, halfPastMs)).toBe('18:00:00');
});

test('what can be frozen at any time asks for no hour', () => {
  expect(looksAgainAt(0)).not.toBe('18:00:00');
  expect(looksAgainAt(600, { nextAction: 'download' })).not.toBe('17:50:00');
});

describe('a quiet that is too short', () => {
  const sectioned = [
    submitted(UPDATER, { critical_max_s: 180, actions: ['install'] }),
    enabled(),
    admitted('s', { kind: 'scan' }),
    finished('s', { kind: 'succeeded' }),
    found([updateOf('a', { nextAction: 'install' })]),
  ];

  const awayMs = 600_000;
  const presence: Value = {
    kind: 'presence',
    presence: { kind: 'away', sinceMs: NOW_MS - awayMs },
  };
  const quiet = {
    ...hostWith({ presence }),
    readings: withReadings(hostWith({ presence }).readings, [
      { ...reading('power.ac', { kind: 'flag', flag: true }), observedAtMs: NOW_MS - HOUR_MS },
    ]),
  };
  const quietAt = (nowMs: number): readonly Reason[] => {
    const world = worldOf([...offering([]), ...at(NOW_MS - 1_000, ...sectioned)]);
    const { waiting } = decide(world, quiet, trustingPolicy, nowMs);
    const mine = waiting.filter(({ subject }) => subject.key === `${UPDATER} a`);
    return mine.flatMap(({ reasons }) => reasons.filter(({ code }) => code === 'QUIET_TOO_SHORT'));
  };

  test('says how likely it is to last, how likely it has to be, and since when it is quiet', () => {
    const [reason] = quietAt(NOW_MS);
    expect(reason).toMatchObject({ limit: 92, unit: '%', sinceMs: NOW_MS - awayMs });
    const measured = Number(reason?.measured);
    expect(measured).toBeGreaterThan(80);
    expect(measured).toBeLessThan(92);
    expect(reason?.message).toBe(
      `after 10 min the chance of 3 min more of quiet is ${measured.toFixed(0)} %, 92 % are wanted`,
    );
  });

  test('is long enough from the instant on that it names, and not before', () => {
    const untilMs = quietAt(NOW_MS)[0]?.untilMs ?? Number.NaN;
    expect(untilMs).toBeGreaterThan(NOW_MS);
    expect(quietAt(untilMs - 1)).toHaveLength(1);
    expect(quietAt(untilMs)).toEqual([]);
  });
});
