// What was installed and does not work: it is put back by the host, remembered as bad, and not tried
// again, whatever comes in between.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy } from '../policy/policy.js';
import type { Update, Work } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  found,
  installed,
  interrupted,
  perform,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { updateKey } from './world.js';

const key = updateKey(UPDATER, 'a');
const { retry } = defaultPolicy;
const offered = updateOf('a', { nextAction: 'install' });
const verifying = updateOf('a', { nextAction: 'verify' });
const onlyForward = ['install', 'verify'];

function known(actions: readonly string[] = onlyForward, update: Update = offered): Fact[] {
  return [submitted(UPDATER, { actions }), enabled(), found([update])];
}

const committing = [
  admitted('i', perform(offered)),
  installed('i'),
  finished('i', { kind: 'more_to_do', nextAction: 'verify' }),
];
const verified = (...ends: Fact[]): Fact[] => [
  admitted('v', perform(verifying), { epoch: 2 }),
  ...ends,
];
const bad = verified(finished('v', failure('VERIFY_FAILED')));
const reverting: Work = { kind: 'revert', update: verifying, roots: [] };
const putBack = [
  admitted('u', reverting, { epoch: 3 }),
  installed('u', { receiptId: 'undo', reverted: true }),
  finished('u', { kind: 'succeeded' }),
];

function stateAfter(...facts: Fact[]) {
  return worldOf(at(5, ...facts)).updates.get(key);
}

describe('verify', () => {
  test('that fails leads to putting back, with what the host committed and no updater asked', () => {
    const state = stateAfter(...known(), ...committing, ...bad);
    expect(state?.mending).toMatchObject({ because: { code: 'VERIFY_FAILED' }, isBad: true });
    expect(state?.committed).toEqual([
      { receiptId: 'receipt-i', root: 'apps', path: '/opt/apps', treeSha256: 'a'.repeat(64) },
    ]);
  });

  test.each(['UPDATER_CRASHED', 'NEVER_SERVED', 'LAUNCH_FAILED'] as const)(
    '%s twice: it has not answered',
    (code) => {
      const crash = finished('v', failure(code));
      const once = worldOf(at(5, ...known(), ...committing, ...verified(crash)));
      expect(once.runs.get('v')?.phase.kind).toBe('interrupted');
      const again = admitted('v', perform(verifying), { epoch: 3, attempt: 2 });
      const state = stateAfter(...known(), ...committing, ...verified(crash, again, crash));
      expect(state?.mending).toMatchObject({ because: { code } });
    },
  );

  test('that hangs beyond its time has not answered', () => {
    const hung = verified(finished('v', failure('TIME_LIMIT')));
    expect(stateAfter(...known(), ...committing, ...hung)?.mending).toBeDefined();
  });

  test('whose host went away is repeated, which says nothing of what is installed', () => {
    const world = worldOf(
      at(5, ...known(), ...committing, ...verified(interrupted('v'), interrupted('v'))),
    );
    expect(world.updates.get(key)?.mending).toBeUndefined();
  });

  test.each(['LOCK_HELD', 'NO_SPACE', 'UPSTREAM_DOWN'] as const)(
    'that waits for others (%s) does so for an hour, and no longer',
    (code) => {
      const wait = (count: number) =>
        stateAfter(
          ...known(),
          ...committing,
          ...Array<Fact[]>(count)
            .fill(verified(finished('v', failure(code))))
            .flat(),
        );
      expect(wait(6)?.mending).toBeUndefined();
      const waited = [1, 2, 3, 4, 5, 6].map((n) => (wait(n)?.trials.notBeforeMs ?? 0) - 5);
      const sumMs = waited.reduce((sum, ms) => sum + ms, 0);
      expect(sumMs).toBeGreaterThan(1_500_000);
      expect(sumMs).toBeLessThan(4_500_000);
      expect(wait(7)?.mending).toMatchObject({ because: { code } });
    },
  );

  test('that fails where neither the host nor the updater can put anything back: a person is told', () => {
    const uncommitted = committing.filter(({ kind }) => kind !== 'content.installed');
    const state = stateAfter(...known(), ...uncommitted, ...bad);
    expect(state?.gaveUp).toMatchObject({ code: 'LOST' });
  });

  test('with what only the updater can put back, its rollback is asked', () => {
    const uncommitted = committing.filter(({ kind }) => kind !== 'content.installed');
    const facts = [...known([...onlyForward, 'rollback']), ...uncommitted, ...bad];
    expect(stateAfter(...facts)?.update.nextAction).toBe('rollback');
    const rolling = updateOf('a', { nextAction: 'rollback' });
    const fails = Array<Fact[]>(retry.failuresMax)
      .fill([admitted('r', perform(rolling), { epoch: 4 }), finished('r', failure('APPLY_FAILED'))])
      .flat();
    const last = stateAfter(...facts, ...fails.slice(0, -2));
    expect(last).toMatchObject({
      update: { nextAction: 'rollback' },
      trials: {
        ...{ failureCount: retry.failuresMax - 1, failedAtMs: 5 },
        // Why it is rolled back, and not why that has not worked yet.
        lastFailure: { code: 'VERIFY_FAILED', message: 'it said why' },
      },
    });
    expect(stateAfter(...facts, ...fails)?.gaveUp).toEqual({
      code: 'LOST',
      message: 'it said why; its rollback failed: it said why',
    });
  });

  test('that has not answered yet says what it waits for', () => {
    const busy = verified(finished('v', failure('LOCK_HELD')));
    expect(stateAfter(...known(), ...committing, ...busy)?.trials).toMatchObject({
      failedAtMs: 5,
      lastFailure: { code: 'LOCK_HELD', message: 'it said why' },
    });
  });
});

describe('what was put back', () => {
  test('is marked bad, and offered to nobody', () => {
    const state = stateAfter(...known(), ...committing, ...bad, ...putBack);
    expect(state?.gaveUp).toEqual({ code: 'MARKED_BAD', message: 'rolled back: it said why' });
    expect(state).toMatchObject({ committed: [], update: { nextAction: 'install' } });
    expect(state?.mending).toBeUndefined();
  });

  test('is tidied up after by the rollback that the updater declares, whatever comes of that', () => {
    const facts = [...known([...onlyForward, 'rollback']), ...[...committing, ...bad, ...putBack]];
    expect(stateAfter(...facts)?.update.nextAction).toBe('rollback');
    const rolling = admitted('r', perform(updateOf('a', { nextAction: 'rollback' })), { epoch: 4 });
    const well = stateAfter(...facts, rolling, finished('r', { kind: 'succeeded' }));
    const ill = stateAfter(...facts, rolling, finished('r', failure('APPLY_FAILED', false)));
    expect([well?.gaveUp?.code, ill?.gaveUp?.code]).toEqual(['MARKED_BAD', 'MARKED_BAD']);
  });

  test('or could not be: five times with growing waits, then a person is told', () => {
    const fails = (count: number) =>
      stateAfter(
        ...[...known(), ...committing, ...bad],
        ...Array<Fact[]>(count)
          .fill([admitted('u', reverting, { epoch: 3 }), finished('u', failure('APPLY_FAILED'))])
          .flat(),
      )?.mending;
    expect(fails(2)?.notBeforeMs).toBeGreaterThan(fails(1)?.notBeforeMs ?? Infinity);
    expect(fails(4)?.lost).toBeUndefined();
    expect(fails(5)?.lost).toContain('it said why');
  });

  test('because its install failed half-way is no bad version: it is tried again', () => {
    const half = [
      admitted('i', perform(offered)),
      installed('i'),
      finished('i', failure('APPLY_FAILED')),
    ];
    expect(stateAfter(...known(), ...half)?.mending).toMatchObject({ isBad: false });
    const state = stateAfter(...known(), ...half, ...putBack);
    expect(state).toMatchObject({ committed: [], putBack: true, trials: { failureCount: 1 } });
    expect(state?.gaveUp).toBeUndefined();
    expect(state?.mending).toBeUndefined();
    expect(stateAfter(...known(), ...half, ...putBack, found([]))).toBeUndefined();
  });

  test('was so by another attempt: a later one that changes roots of its own, and cannot roll back, is lost', () => {
    const half = [
      ...[admitted('i', perform(offered)), installed('i')],
      finished('i', failure('APPLY_FAILED')),
    ];
    const later = [
      admitted('j', perform(offered), { epoch: 4 }),
      finished('j', { kind: 'more_to_do', nextAction: 'verify' }),
      admitted('w', perform(verifying), { epoch: 5 }),
      finished('w', failure('VERIFY_FAILED', false)),
      admitted('r', perform(updateOf('a', { nextAction: 'rollback' })), { epoch: 6 }),
      finished('r', failure('APPLY_FAILED', false)),
    ];
    const asked = known([...onlyForward, 'rollback']);
    expect(stateAfter(...asked, ...half, ...putBack, ...later)?.gaveUp?.code).toBe('LOST');
  });

  test('because an operator stopped its install after it had committed', () => {
    const stopped = [
      admitted('i', perform(offered)),
      installed('i'),
      finished('i', { kind: 'cancelled', code: 'HELD' }),
    ];
    expect(stateAfter(...known(), ...stopped)?.mending).toMatchObject({
      ...{ isBad: false, because: { code: 'HELD', message: 'its install was stopped' } },
    });
  });

  test("is as it was where putting it back was stopped, which is nobody's failure", () => {
    const stopped: Fact = finished('u', { kind: 'cancelled', code: 'TRIPPED' });
    const facts = [...known(), ...committing, ...bad];
    const state = stateAfter(...facts, admitted('u', reverting, { epoch: 3 }), stopped);
    expect(state?.mending).toEqual(stateAfter(...facts)?.mending);
  });
});

describe('a mark', () => {
  const marked = [...known(), ...committing, ...bad, ...putBack];
  const again = (update: Update, ...between: Fact[]) =>
    stateAfter(...marked, ...between, found([update]))?.gaveUp?.code;

  test('stays when a scan does not name the update, and when its updater is registered anew', () => {
    expect(again(offered, found([]))).toBe('MARKED_BAD');
    const withdrawn: Fact = { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' };
    expect(again(offered, withdrawn, ...known().slice(0, 2))).toBe('MARKED_BAD');
  });

  test('is of a version: the next one is tried', () => {
    expect(again(updateOf('a', { toVersion: '3.0.0' }))).toBeUndefined();
  });

  test('is of a digest where one is given: the same version mended is tried, the same content is not', () => {
    const one = updateOf('a', { nextAction: 'install', digest: 'sha512:1' });
    const facts = [...known(onlyForward, one), ...committing, ...bad, ...putBack];
    const next = (update: Update) => stateAfter(...facts, found([update]))?.gaveUp?.code;
    expect(next(one)).toBe('MARKED_BAD');
    expect(next({ ...one, digest: 'sha512:2' })).toBeUndefined();
    expect(next({ ...one, toVersion: '2.0.1' })).toBe('MARKED_BAD');
  });

  test('is of the tree that the host saw: called otherwise, it is put back without being asked', () => {
    const other = updateOf('a', { nextAction: 'install', toVersion: '2.0.1' });
    const world = worldOf(
      at(5, ...marked, found([other]), ...committing.map((fact) => renamed(fact))),
    );
    expect(world.updates.get(key)?.mending).toMatchObject({
      because: { code: 'MARKED_BAD' },
      isBad: true,
    });
  });

  test('is overridden by an operator, and gone when it works', () => {
    const demanded: Fact = {
      ...{ kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor: 'operator' },
    };
    const facts = [...marked, found([offered]), demanded, ...committing.map(renamed)];
    expect(stateAfter(...facts)?.update.nextAction).toBe('verify');
    const works = [
      admitted('w', perform(verifying), { epoch: 9 }),
      finished('w', { kind: 'succeeded' }),
    ];
    expect(worldOf(at(5, ...facts, ...works)).bad.size).toBe(0);
  });
});

test('an update that waits for its verify stays when a scan does not name it any more', () => {
  expect(stateAfter(...known(), ...committing, found([]))?.update.nextAction).toBe('verify');
  expect(stateAfter(...known(), ...committing, found([offered]))?.update.nextAction).toBe('verify');
});

test('another version takes the place of one that is lost, and of no other that is on its way', () => {
  const uncommitted = committing.filter(({ kind }) => kind !== 'content.installed');
  const newer = updateOf('a', { nextAction: 'install', toVersion: '3.0.0' });
  const lost = [...known(), ...uncommitted, ...bad];
  expect(stateAfter(...lost, found([newer]))).toMatchObject({ update: newer });
  expect(stateAfter(...lost, found([newer]))).not.toHaveProperty('gaveUp');
  expect(stateAfter(...lost, found([offered]))?.gaveUp?.code).toBe('LOST');
  const onItsWay = stateAfter(...known(), ...committing, found([newer]));
  expect(onItsWay?.update).toMatchObject({ toVersion: '2.0.0', nextAction: 'verify' });
});

function renamed(fact: Fact): Fact {
  return 'runId' in fact ? { ...fact, runId: `again-${fact.runId}` } : fact;
}
