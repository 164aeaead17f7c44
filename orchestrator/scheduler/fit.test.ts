// The hours of a machine's rhythm, as far as they count for a section that cannot be frozen.

import { expect, test } from '@jest/globals';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  NOW_MS,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, offering } from './offering.testing.js';

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
