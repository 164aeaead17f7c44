// What restrains is in force before it is in the journal, and is then what the journal makes of it.

import { describe, expect, test } from '@jest/globals';
import { defaultPolicy } from '../policy/policy.js';
import { copyOf } from './copy.js';
import { foldEntry } from './fold.js';
import {
  admitted,
  at,
  enabled,
  found,
  interrupted,
  perform,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { isRestraint, restrained, type Restraint } from './restraints.js';

const OTHER = 'com.acme.other';
const actor = 'operator';
const a = updateOf('a');
const before = worldOf(
  at(
    1,
    ...[submitted(), enabled(), submitted(OTHER), enabled(OTHER)],
    ...[found([a]), found([updateOf('b')], OTHER)],
    ...[admitted('r', perform(a)), interrupted('r')],
    { kind: 'hold.placed', updaterId: UPDATER, updateId: '', why: 'w', untilMs: 99, actor },
    { kind: 'hold.placed', updaterId: OTHER, updateId: '', why: 'w', untilMs: 99, actor },
    { kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor },
    { kind: 'run.demanded', updaterId: OTHER, updateId: 'b', actor },
  ),
);

const kinds: readonly Restraint[] = [
  { kind: 'hold.placed', updaterId: UPDATER, updateId: 'a', why: 'later', untilMs: 50, actor },
  { kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'open', untilMs: 50 },
  { kind: 'switch.tripped', why: 'all of it', untilMs: 50, actor },
  { kind: 'updater.suspended', id: UPDATER, code: 'OPERATOR', why: 'odd', actor },
  { kind: 'updater.withdrawn', id: UPDATER, actor },
  { kind: 'updater.withdrawn', id: UPDATER, actor: 'vendor' },
];

describe.each(kinds.map((fact) => [fact.kind, fact] as const))('%s', (_kind, fact) => {
  test('is what its entry will make of it', () => {
    expect(isRestraint(fact)).toBe(true);
    const folded = copyOf(before);
    const entry = { sequence: before.sequence, atMs: 7, fact, body: '', hash: '' };
    foldEntry(folded, entry, defaultPolicy.retry);
    const over = restrained(before, [{ fact, atMs: 7 }]);
    // It is no entry yet.
    expect(over).toEqual({ ...folded, latestMs: before.latestMs });
    expect(over).not.toEqual(before);
  });

  test('leaves the world of the journal alone', () => {
    const kept = copyOf(before);
    restrained(before, [{ fact, atMs: 7 }]);
    expect(before).toEqual(kept);
  });
});

test('nothing said, the world is the same one', () => {
  expect(restrained(before, [])).toBe(before);
});

test('what is withdrawn takes along what was said of it, and of nobody else', () => {
  const over = restrained(before, [
    { fact: { kind: 'updater.withdrawn', id: UPDATER, actor }, atMs: 7 },
  ]);
  expect([...over.holds.keys()]).toEqual([OTHER]);
  expect([...over.demands.keys()]).toEqual([`${OTHER} b`]);
  expect([...over.updates.keys()]).toEqual([`${OTHER} b`]);
  expect(over.runs.size).toBe(0);
});
