// What was given up and is tried again because an operator wants it: what comes of that counts, and no
// longer what had come before.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Action } from '../../bundle/manifest.js';
import type { Work } from '../runs/update.js';
import {
  admitted,
  failure,
  finished,
  installed,
  interrupted,
  NOW_MS,
  perform,
  updateOf,
  UPDATER,
  worldOf,
  trustingPolicy,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, offering } from './offering.testing.js';

const demanded: Fact = {
  ...{ kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor: 'operator' },
};
const offered = updateOf('a', { nextAction: 'install' });

function tried(
  action: Action,
  code: Parameters<typeof failure>[0],
  retry: boolean,
  work: Work = perform(updateOf('a', { nextAction: action })),
): Fact[] {
  return [admitted('r', work), finished('r', failure(code, retry))];
}

/** Why the update waits, and whether it does still when whatever it waits for by itself is over. */
function waitsFor(...facts: Fact[]) {
  const world = worldOf(offering([offered], ...facts));
  const reasonsAt = (nowMs: number) =>
    decide(world, hostWith(), trustingPolicy, nowMs).waiting.find(
      ({ subject }) => subject.key === `${UPDATER} a`,
    )?.reasons ?? [];
  const later = reasonsAt(NOW_MS + 2 * trustingPolicy.retry.giveUpMs).map(({ code }) => code);
  const [first] = reasonsAt(NOW_MS - 59_000);
  return { code: first?.code, message: first?.message ?? '', later };
}

const givenUp = tried('install', 'APPLY_FAILED', false);
const reverting: Work = { kind: 'revert', update: offered, roots: [] };
const broken = [
  admitted('i', perform(offered)),
  installed('i'),
  finished('i', { kind: 'more_to_do', nextAction: 'verify' }),
  ...tried('verify', 'VERIFY_FAILED', false),
];
const rolledBack = [reverting, perform(updateOf('a', { nextAction: 'rollback' }))].flatMap(
  (work) => [admitted('u', work), finished('u', { kind: 'succeeded' })],
);

describe('an update that an operator wants again', () => {
  test.each<[string, Fact[], RegExp]>([
    ['finds another at work', tried('install', 'LOCK_HELD', true), /after LOCK_HELD/],
    [
      'fails in a way that passes',
      tried('install', 'UPSTREAM_DOWN', true),
      /2? after UPSTREAM_DOWN/,
    ],
  ])('and that %s is tried again, whatever it was given up for', (_what, again, words) => {
    expect(waitsFor(...givenUp)).toMatchObject({ code: 'GAVE_UP', later: ['GAVE_UP'] });
    const waits = waitsFor(...givenUp, demanded, ...again);
    expect(waits).toMatchObject({ code: 'RETRY_LATER', later: [] });
    expect(waits.message).toMatch(words);
  });

  test('and that fails for good is given up for what it failed for now', () => {
    const waits = waitsFor(...givenUp, demanded, ...tried('install', 'FIELD_INVALID', false));
    expect(waits).toMatchObject({ code: 'GAVE_UP', later: ['GAVE_UP'] });
  });

  test('and that is marked as bad is tried once: it waits for another version as before', () => {
    const again = tried('install', 'LOCK_HELD', true);
    const marked = [...broken, ...rolledBack];
    expect(waitsFor(...marked).code).toBe('MARKED_BAD');
    expect(waitsFor(...marked, demanded, ...again).later).toEqual(['MARKED_BAD']);
    // Also where one of its actions was done.
    const next = finished('d', { kind: 'more_to_do', nextAction: 'install' });
    const done = [admitted('d', perform(updateOf('a'))), next];
    expect(waitsFor(...marked, demanded, ...done, ...again).later).toEqual(['MARKED_BAD']);
  });

  test('put back, and whose putting back fails in a way that passes, is tried again', () => {
    const lost = tried('verify', 'APPLY_FAILED', false, reverting);
    expect(waitsFor(...broken, ...lost)).toMatchObject({ code: 'LOST', later: ['LOST'] });
    const again = tried('verify', 'APPLY_FAILED', true, reverting);
    expect(waitsFor(...broken, ...lost, demanded, ...again)).toMatchObject({
      code: 'RETRY_LATER',
      later: [],
    });
  });

  test('and that was lost is rolled back again, where that waits for a lock', () => {
    const lost = [
      admitted('i', perform(offered)),
      finished('i', { kind: 'more_to_do', nextAction: 'verify' }),
      ...tried('verify', 'VERIFY_FAILED', false),
      ...tried('rollback', 'APPLY_FAILED', false),
    ];
    expect(waitsFor(...lost)).toMatchObject({ code: 'LOST', later: ['LOST'] });
    const again = tried('rollback', 'LOCK_HELD', true);
    expect(waitsFor(...lost, demanded, ...again)).toMatchObject({ later: [] });
  });
});

test('what is repeated says in words after what', () => {
  const run = [admitted('r', perform(offered)), interrupted('r')];
  const { code, message } = waitsFor(...run, ...run);
  expect(code).toBe('RETRY_LATER');
  expect(message).toMatch(/^attempt 2 after HOST_LOST \(it went away\) waits another /);
});
