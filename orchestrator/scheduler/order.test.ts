import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  interrupted,
  perform,
  submitted,
  trustingPolicy,
  updateOf,
  worldOf,
  NOW_MS,
} from '../world/history.testing.js';
import { compareSubjects } from './order.js';
import { subjectsOf } from './subject.js';

const OTHER = 'com.acme.other';

/** What would be looked at, the first one first. */
function orderOf(updates: readonly Update[], ...more: Fact[]): string[] {
  const world = worldOf(at(NOW_MS - 1, submitted(), enabled(), found(updates), ...more));
  return subjectsOf(world, trustingPolicy, NOW_MS)
    .sort(compareSubjects)
    .map(({ work, updater }) => (work.kind === 'scan' ? `scan ${updater.id}` : work.update.id));
}

const DAY_MS = 86_400_000;

describe('first comes', () => {
  test('what somebody wants now, then what is overdue, due, critical, security, and the rest', () => {
    const seenAtMs = NOW_MS - 20 * DAY_MS;
    const updates = [
      updateOf('rest', { nextAction: 'rollback' }),
      updateOf('security', { security: true }),
      updateOf('critical', { severity: 'critical' }),
      updateOf('wanted'),
    ];
    const old = [
      updateOf('due'), // After 14 days.
      updateOf('overdue', { deadlineAtMs: seenAtMs }), // After its grace, twice.
    ];
    const wanted: Fact = {
      kind: 'run.demanded',
      updaterId: OTHER,
      updateId: 'wanted',
      actor: 'operator',
    };
    const world = worldOf([
      ...at(1, submitted(), enabled(), submitted(OTHER), enabled(OTHER)),
      ...at(seenAtMs, found(old)),
      ...at(NOW_MS - 1, found(updates, OTHER), wanted),
    ]);
    const names = subjectsOf(world, trustingPolicy, NOW_MS)
      .sort(compareSubjects)
      .flatMap(({ work }) => (work.kind === 'scan' ? [] : [work.update.id]));
    expect(names).toEqual(['wanted', 'overdue', 'due', 'critical', 'security', 'rest']);
  });

  test('what was changed and does not work, or may not, then what was cut', () => {
    const actions = ['download', 'install', 'verify', 'rollback'] as const;
    const updates = actions.map((nextAction) => updateOf(nextAction, { nextAction }));
    const cut = [admitted('r', perform(updateOf('install'))), interrupted('r')];
    const begun = ['verify', 'rollback'].flatMap((id) => [
      admitted(id, perform(updateOf(id, { nextAction: 'install' }))),
      finished(id, { kind: 'cancelled', code: 'OPERATOR' }),
    ]);
    expect(orderOf(updates, ...begun, ...cut)).toEqual([
      'rollback',
      'verify',
      'install',
      'scan com.acme.tool',
      'download',
    ]);
  });

  test('not what is called a rollback and was never begun: it waits its turn', () => {
    const updates = [updateOf('z', { nextAction: 'rollback' }), updateOf('a')];
    expect(orderOf(updates)).toEqual(['scan com.acme.tool', 'a', 'z']);
  });

  test('what is urgent, before what was cut', () => {
    const [a, z] = [updateOf('a'), updateOf('z', { security: true })];
    expect(orderOf([a, z], admitted('r', perform(a)), interrupted('r'))[0]).toBe('z');
  });

  test('of those that have waited equally long the smaller one; a size not told is just not bulk', () => {
    const updates = [
      updateOf('big', { downloadBytes: 4e7, installBytes: 9e8 }),
      updateOf('a-mystery'),
      updateOf('small', { downloadBytes: 1e6, installBytes: 5e6 }),
    ];
    expect(orderOf(updates)).toEqual(['scan com.acme.tool', 'small', 'a-mystery', 'big']);
  });

  test('who has waited for longer, however large it is, and whatever it would do next', () => {
    const old = updateOf('old', { nextAction: 'download', downloadBytes: 1e10 });
    const young = updateOf('young', { nextAction: 'install', downloadBytes: 1 });
    const world = worldOf([
      ...at(1, submitted(), enabled()),
      ...at(NOW_MS - DAY_MS, found([old])),
      ...at(NOW_MS - 1, found([young, old])),
    ]);
    const [, first] = subjectsOf(world, trustingPolicy, NOW_MS).sort(compareSubjects);
    expect(first?.state?.update.id).toBe('old');
  });

  test('a scan that is due for longer than an update has been known', () => {
    const scanned = (id: string) => [
      admitted(id, { kind: 'scan' }),
      finished(id, { kind: 'succeeded' }),
    ];
    const order = (seenAtMs: number): string[] => {
      const world = worldOf([
        ...at(NOW_MS - 3 * DAY_MS, submitted(), enabled(), ...scanned('s')),
        ...at(seenAtMs, found([updateOf('a')])),
      ]);
      return subjectsOf(world, trustingPolicy, NOW_MS)
        .sort(compareSubjects)
        .map(({ action }) => action);
    };
    expect(order(NOW_MS - DAY_MS)).toEqual(['scan', 'download']);
    expect(order(NOW_MS - 2.5 * DAY_MS)).toEqual(['download', 'scan']);
  });

  test('who has waited longest, then the name', () => {
    const world = worldOf([
      ...at(NOW_MS - 9, submitted(), enabled(), submitted(OTHER), enabled(OTHER)),
      ...at(NOW_MS - 5, found([updateOf('late')], OTHER)),
      ...at(NOW_MS - 7, found([updateOf('b'), updateOf('a')])),
    ]);
    const ids = subjectsOf(world, trustingPolicy, NOW_MS).sort(compareSubjects);
    expect(ids.map(({ work }) => (work.kind === 'scan' ? 'scan' : work.update.id))).toEqual([
      'scan',
      'scan',
      'a',
      'b',
      'late',
    ]);
  });
});

test('what has a run with a slot is no subject; an interrupted one is', () => {
  const updates = [updateOf('a'), updateOf('b')];
  const runs = [admitted('r', perform(updateOf('a'))), admitted('s', { kind: 'scan' })];
  expect(orderOf(updates, ...runs)).toEqual(['b']);
  expect(orderOf(updates, ...runs, interrupted('s'))).toEqual(['scan com.acme.tool', 'b']);
});
