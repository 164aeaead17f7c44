// An updater that always has more to do: an action of its update leads to the next one without end.

import { expect, test } from '@jest/globals';
import type { Action } from '../../bundle/manifest.js';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  perform,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { updateKey, type UpdateState } from './world.js';

/** One action that is done, and leads to `nextAction`. */
function leadingTo(nextAction: Action, action = nextAction): Fact[] {
  const work = perform(updateOf('a', { nextAction: action }));
  return [admitted('r', work), finished('r', { kind: 'more_to_do', nextAction })];
}

function times(count: number, ...facts: readonly Fact[]): Fact[] {
  return Array.from({ length: count }, () => facts).flat();
}

function after(...facts: readonly Fact[]): UpdateState | undefined {
  const world = worldOf(at(0, submitted(), enabled(), found([updateOf('a')]), ...facts));
  return world.updates.get(updateKey(UPDATER, 'a'));
}

test('after a thousand actions it is left alone, with the reason', () => {
  expect(after(...times(1_000, ...leadingTo('download')))?.gaveUp).toBeUndefined();
  expect(after(...times(1_001, ...leadingTo('download')))?.gaveUp).toMatchObject({
    ...{ code: 'CONTRACT_BROKEN', message: expect.stringContaining('1000 times') as unknown },
  });
});

test('a scan that finds the same version does not begin to count anew; another version does', () => {
  const half = times(501, ...leadingTo('download'));
  const less = times(500, ...leadingTo('download'));
  expect(after(...less, found([updateOf('a')]), ...half)?.gaveUp?.code).toBe('CONTRACT_BROKEN');
  const next = found([updateOf('a', { toVersion: '3.0.0' })]);
  expect(after(...half, next, ...half)?.gaveUp).toBeUndefined();
});

test('in a circle as well, and what is never verified is rolled back', () => {
  const round = [...leadingTo('verify', 'install'), ...leadingTo('install', 'verify')];
  const ends = after(...times(500, ...round), ...leadingTo('verify', 'install'));
  expect(ends?.gaveUp?.code).toBe('CONTRACT_BROKEN');
  const unverified = after(...times(1_001, ...leadingTo('verify')));
  expect(unverified?.update.nextAction).toBe('rollback');
});

test('an operator who wants it all the same gets as many again', () => {
  const given = after(...times(1_001, ...leadingTo('download')), ...leadingTo('install'));
  expect(given).toMatchObject({ stepCount: 1, update: { nextAction: 'install' } });
  expect(given?.gaveUp).toBeUndefined();
});
