// An updater that calls its install a verify or a rollback, in order to get around what an install waits for.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { days, type Window } from '../policy/window.js';
import {
  admitted,
  at,
  awaySince,
  enabled,
  failure,
  finished,
  found,
  NOW_MS,
  perform,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering } from './offering.testing.js';

const flag = (value: boolean) => ({ kind: 'flag', flag: value }) as const;
const shut: readonly Window[] = [{ days, fromMinute: 0, toMinute: 1 }];
const rings = [{ name: 'first', percent: 100, soakMs: 0 }];
const install = updateOf('a', { nextAction: 'install' });
const crashed = ['c1', 'c2', 'c3'].flatMap((id): Fact[] => [
  admitted(id, { kind: 'scan' }),
  finished(id, failure('TIME_LIMIT')),
]);

describe.each(['verify', 'rollback'] as const)('what a scan offers as a %s', (nextAction) => {
  const update = updateOf('a', { nextAction });
  const begun: Fact[] = [
    admitted('r', perform(install)),
    finished('r', { kind: 'more_to_do', nextAction }),
  ];
  const codesOf = (
    more: readonly Fact[],
    policy: Policy = trustingPolicy,
    readings: Parameters<typeof hostWith>[0] = {},
  ) => {
    const world = worldOf(offering([more === begun ? install : update], ...more));
    const { waiting } = decide(world, hostWith(readings), policy, NOW_MS);
    const mine = waiting.find(({ subject }) => subject.state !== undefined);
    return mine?.reasons.map(({ code }) => code) ?? [];
  };

  test.each<[string, string, Policy, Parameters<typeof hostWith>[0]]>([
    ['mains', 'ON_BATTERY', trustingPolicy, { 'power.ac': flag(false) }],
    [
      'as long an absence',
      'PERSON_JUST_LEFT',
      trustingPolicy,
      { presence: awaySince(NOW_MS - 5 * 60_000) },
    ],
    ['a window', 'OUTSIDE_WINDOW', { ...trustingPolicy, windows: shut }, {}],
    ['its ring', 'RING_WAITS', { ...trustingPolicy, rollout: { rings, failuresMax: 1 } }, {}],
    ['a scope that is allowed', 'SCOPE_REFUSED', { ...trustingPolicy, scopes: [] }, {}],
  ])('waits for %s, unless something of it was begun here', (_what, code, policy, readings) => {
    expect(codesOf([], policy, readings)).toContain(code);
    expect(codesOf(begun, policy, readings)).not.toContain(code);
  });

  test('stops on battery where it is on, unless something of it was begun here', () => {
    const running = (more: readonly Fact[]) => {
      const on = admitted('v', perform(update), { epoch: 2 });
      const world = worldOf(offering([more === begun ? install : update], ...more, on));
      const readings = { 'power.ac': flag(false) };
      return decide(world, hostWith(readings), trustingPolicy, NOW_MS).pause.flatMap(
        ({ reasons }) => reasons.map(({ code }) => code),
      );
    };
    expect(running([])).toEqual(['ON_BATTERY']);
    expect(running(begun)).toEqual([]);
  });

  test('rests with its updater, unless something of it was begun here', () => {
    const codes = (more: readonly Fact[]) => {
      const dated = [
        ...at(NOW_MS - 2 * HOUR_MS, submitted(UPDATER), enabled()),
        ...at(NOW_MS - HOUR_MS, found([more.length === 0 ? update : install]), ...more, ...crashed),
      ];
      const { waiting } = decide(worldOf(dated), hostWith(), trustingPolicy, NOW_MS);
      const mine = waiting.find(({ subject }) => subject.state !== undefined);
      return mine?.reasons.map(({ code }) => code) ?? [];
    };
    expect(codes([])).toContain('BREAKER_OPEN');
    expect(codes(begun)).not.toContain('BREAKER_OPEN');
  });

  test('of other content than what was begun begins anew', () => {
    const other = { ...update, toVersion: '3.0.0' };
    const world = worldOf(
      offering(
        [install],
        admitted('r', perform(install)),
        finished('r', { kind: 'cancelled', code: 'OPERATOR' }),
        found([other]),
      ),
    );
    expect([...world.updates.values()][0]?.begun).toBeUndefined();
  });
});
