import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  found,
  interrupted,
  perform,
  submitted,
  updateOf,
  worldOf,
  NOW_MS,
} from '../world/history.testing.js';
import { defaultPolicy } from '../policy/policy.js';
import { compareSubjects } from './order.js';
import { subjectsOf } from './subject.js';

const OTHER = 'com.acme.other';

/** What would be looked at, the first one first. */
function orderOf(updates: readonly Update[], ...more: Fact[]): string[] {
  const world = worldOf(at(1, submitted(), enabled(), found(updates), ...more));
  return subjectsOf(world, defaultPolicy, NOW_MS)
    .sort(compareSubjects)
    .map(({ work, updater }) => (work.kind === 'scan' ? `scan ${updater.id}` : work.update.id));
}

describe('first comes', () => {
  test('what changed something, then what will, and last who only looks', () => {
    const actions = ['download', 'reboot', 'install', 'verify', 'rollback'] as const;
    const updates = actions.map((nextAction) => updateOf(nextAction, { nextAction }));
    expect(orderOf(updates)).toEqual([
      'rollback',
      'verify',
      'install',
      'reboot',
      'download',
      'scan com.acme.tool',
    ]);
  });

  test('security, before anything that is not', () => {
    const urgent = updateOf('z', { security: true });
    expect(orderOf([updateOf('a', { nextAction: 'rollback' }), urgent])[0]).toBe('z');
  });

  test('what was interrupted, before security', () => {
    const [a, z] = [updateOf('a'), updateOf('z', { security: true })];
    expect(orderOf([a, z], admitted('r', perform(a)), interrupted('r'))[0]).toBe('a');
  });

  test('who has waited longest, then the name', () => {
    const world = worldOf([
      ...at(1, submitted(), enabled(), submitted(OTHER), enabled(OTHER)),
      ...at(5, found([updateOf('late')], OTHER)),
      ...at(3, found([updateOf('b'), updateOf('a')])),
    ]);
    const ids = subjectsOf(world, defaultPolicy, NOW_MS).sort(compareSubjects);
    expect(ids.map(({ work }) => (work.kind === 'scan' ? 'scan' : work.update.id))).toEqual([
      'a',
      'b',
      'late',
      'scan',
      'scan',
    ]);
  });
});

test('what has a run with a slot is no subject; an interrupted one is', () => {
  const updates = [updateOf('a'), updateOf('b')];
  const runs = [admitted('r', perform(updateOf('a'))), admitted('s', { kind: 'scan' })];
  expect(orderOf(updates, ...runs)).toEqual(['b']);
  expect(orderOf(updates, ...runs, interrupted('s'))).toEqual(['scan com.acme.tool', 'b']);
});
