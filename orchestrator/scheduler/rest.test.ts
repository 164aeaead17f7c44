import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  engaged,
  failure,
  finished,
  found,
  interrupted,
  NOW_MS,
  paused,
  perform,
  quietReadings,
  started,
  thawed,
  trustingPolicy,
  updateOf,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering, OTHER } from './offering.testing.js';
import { isAtRest, lookAgainMsMax } from './rest.js';

test('it is looked every 30 s while nobody is there, and every 10 min while somebody is', () => {
  expect(lookAgainMsMax(quietReadings())).toBe(30_000);
  expect(lookAgainMsMax(quietReadings({ presence: engaged }))).toBe(600_000);
  expect(lookAgainMsMax(new Map())).toBe(30_000);
});

describe('at rest is a machine', () => {
  const a = updateOf('a');
  const run = [admitted('r', perform(a)), started('r')];
  const failed = at(NOW_MS - 1, ...run, finished('r', failure('UPDATER_ERROR')));
  const large = found([updateOf('b', { downloadBytes: 1e9 })], OTHER);
  const metered = { 'network.metered': { kind: 'word', word: 'yes' } } as const;
  const standing = at(NOW_MS - HOUR_MS, ...run, paused('r', 'PERSON_PRESENT'));
  const held: Fact = {
    ...{ kind: 'hold.placed', updaterId: OTHER, updateId: '', why: 'w' },
    ...{ untilMs: NOW_MS + HOUR_MS, actor: 'operator' },
  };

  test.each<[what: string, boolean, Dated[], NonNullable<Parameters<typeof hostWith>[0]>]>([
    ['on which nothing is due', true, offering([]), {}],
    ['on which something has just failed', true, [...offering([a]), ...failed], {}],
    ['on which something begins', false, offering([a]), {}],
    ['on which something runs', false, offering([a], ...run), {}],
    [
      'on which something stands still',
      false,
      [...offering([a]), ...standing],
      { presence: engaged },
    ],
    ['on which something goes on', false, [...offering([a]), ...standing], {}],
    ['on which something waits for a person to leave', false, offering([a]), { presence: engaged }],
    [
      'on which one waits for its next attempt and another one for the network',
      false,
      [...offering([a], large), ...failed],
      metered,
    ],
    [
      'on which the other one is held as well, whatever the network is',
      true,
      [...offering([a], large, held), ...failed],
      metered,
    ],
  ])('%s: %s', (_what, rests, dated, changes) => {
    const world = worldOf(dated);
    expect(isAtRest(decide(world, hostWith(changes), trustingPolicy, NOW_MS), world)).toBe(rests);
  });

  test('whose run was cut and waits for its next attempt, and not once that is due', () => {
    const cut = [interrupted('r'), admitted('r', perform(a), { attempt: 2 }), interrupted('r')];
    const world = worldOf([...offering([a]), ...at(NOW_MS - 1, ...run, thawed('r'), ...cut)]);
    const restsAt = (nowMs: number) =>
      isAtRest(decide(world, hostWith(), trustingPolicy, nowMs), world);
    expect([NOW_MS, NOW_MS + HOUR_MS].map(restsAt)).toEqual([true, false]);
  });
});
