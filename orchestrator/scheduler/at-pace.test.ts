import { expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  at,
  enabled,
  NOW_MS,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { atPace } from './at-pace.js';
import { decide } from './decide.js';
import { hostWith, offering } from './offering.testing.js';
import type { Plan } from './plan.js';

const demanded: Fact = {
  ...{ kind: 'run.demanded', updaterId: UPDATER, updateId: '', actor: 'operator' },
};
const scanning = (...more: Fact[]) => at(NOW_MS, submitted(), enabled(), ...more);

function planOf(...dated: Parameters<typeof worldOf>): Plan {
  return decide(worldOf(...dated), hostWith(), trustingPolicy, NOW_MS);
}

test.each([
  ['a scan', planOf(scanning()), []],
  ['a download', planOf(offering([updateOf('a')])), []],
  ['an install', planOf(offering([updateOf('a', { nextAction: 'install' })])), ['install']],
  ['a scan that somebody wants now', planOf(scanning(demanded)), ['scan']],
])('%s, where it is not its turn', (_what, plan, begun) => {
  expect(plan.admit).toHaveLength(1);
  const held = atPace(plan, () => false);
  expect(held.admit.map(({ subject }) => subject.action)).toEqual(begun);
  expect({ ...held, admit: plan.admit }).toEqual(plan);
  expect(atPace(plan, () => true)).toBe(plan);
});

test('who has nothing to ask a server for takes nobody a turn away', () => {
  let asked = 0;
  const mayStart = (): boolean => {
    asked += 1;
    return true;
  };
  atPace(planOf(offering([updateOf('a', { nextAction: 'install' })])), mayStart);
  expect(asked).toBe(0);
});
