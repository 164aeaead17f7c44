// What the end of a run leaves: what an operator wanted, what was begun, and when it is tried again.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy } from '../policy/policy.js';
import type { Outcome } from '../runs/run.js';
import type { Update } from '../runs/update.js';
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
  started,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { updateKey } from './world.js';

const { retry } = defaultPolicy;
const key = updateKey(UPDATER, 'a');
const HOUR_MS = 3_600_000;
const install = updateOf('a', { nextAction: 'install' });
const actions = ['download', 'install', 'verify', 'rollback'];
const known = (update: Update = install): Fact[] => [
  submitted(UPDATER, { actions }),
  enabled(),
  found([update]),
];
const run = (outcome: Outcome, update: Update = install): Fact[] => [
  admitted('r', perform(update), { attempt: 9 }),
  started('r'),
  finished('r', outcome),
];
const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: 'a', actor: 'operator' };

describe('what an operator wants now', () => {
  test.each<[what: string, Outcome, stays: boolean]>([
    ['goes on to the next action', { kind: 'more_to_do', nextAction: 'verify' }, true],
    ['was stopped and begins again', { kind: 'cancelled', code: 'OPERATOR' }, true],
    ['is done', { kind: 'succeeded' }, false],
    ['has gone away', { kind: 'gone' }, false],
    ['has failed, so that a person has to look', failure('APPLY_FAILED'), false],
  ])('%s', (_what, outcome, stays) => {
    const world = worldOf(at(5, ...known(), wanted, ...run(outcome)));
    expect(world.demands.has(key)).toBe(stays);
  });

  test('of its scan ends with that, and not with an update', () => {
    const scan: Fact = { ...wanted, updateId: '' };
    const world = worldOf(at(5, ...known(), scan, wanted, ...run({ kind: 'succeeded' })));
    expect([...world.demands.keys()]).toEqual([UPDATER]);
    const ended = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
    expect(worldOf(at(5, ...known(), scan, wanted, ...ended)).demands.has(UPDATER)).toBe(false);
  });
});

test('what was cut as often as policy allows has failed, and is tried again later', () => {
  const cut = Array.from({ length: retry.attemptsMax }, (_, n) => [
    admitted('r', perform(install), { attempt: n + 1 }),
    interrupted('r'),
  ]).flat();
  const state = worldOf(at(7, ...known(), ...cut)).updates.get(key);
  expect(state).not.toHaveProperty('gaveUp');
  expect(state?.trials).toMatchObject({ failureCount: 1, notBeforeMs: 7 + retry.installMs });
});

test('the second time its host goes away it waits half a minute, as after a first failure', () => {
  const cut = [1, 2].flatMap((attempt) => [
    admitted('r', perform(install), { attempt }),
    interrupted('r'),
  ]);
  const phase = worldOf(at(7, ...known(), ...cut)).runs.get('r')?.phase;
  const waitMs = phase?.kind === 'interrupted' ? phase.retryAtMs - 7 : Number.NaN;
  expect(Math.abs(waitMs - retry.firstMs)).toBeLessThanOrEqual(retry.firstMs / 10);
});

test('measurements have our own run in them after it ended, and not after one that had been cut before', () => {
  const cut = [admitted('r', perform(install)), interrupted('r')];
  const stopped = finished('r', { kind: 'cancelled', code: 'OPERATOR' });
  expect(worldOf([...at(7, ...known(), ...cut), ...at(9, stopped)]).lastRunEndedAtMs).toBe(7);
  const on = [admitted('r', perform(install)), started('r')];
  expect(worldOf([...at(7, ...known(), ...on), ...at(9, stopped)]).lastRunEndedAtMs).toBe(9);
});

describe('a scan', () => {
  const waitAfter = (outcome: Outcome, phase: Fact[] = [started('s')]): number => {
    const scan = [admitted('s', { kind: 'scan' }, { attempt: 9 }), ...phase];
    const facts = [submitted(UPDATER, { scan: { sla_h: 22, floor_h: 0 } }), enabled(), ...scan];
    const world = worldOf(at(0, ...facts, finished('s', outcome)));
    return world.updaters.get(UPDATER)?.scanTrials.notBeforeMs ?? Number.NaN;
  };

  test('that failed is tried again soon, for good only after a day', () => {
    expect(waitAfter(failure('UPDATER_ERROR'))).toBeLessThanOrEqual(1.1 * retry.firstMs);
    expect(waitAfter(failure('UPDATER_ERROR', false))).toBe(retry.giveUpMs);
  });

  test('that brought bad content waits as long as for that, also where it may be tried again', () => {
    expect(waitAfter(failure('SIGNATURE_INVALID'))).toBeGreaterThanOrEqual(12 * HOUR_MS);
    expect(waitAfter(failure('SIGNATURE_INVALID'), [])).toBeLessThanOrEqual(1.1 * retry.firstMs);
  });
});

describe('a scan that names an update again', () => {
  const host = (bootId: string): Fact => ({
    ...{ kind: 'host.attached', hostId: 'host-1', instanceId: bootId, bootId },
  });
  const reboot = updateOf('a', { nextAction: 'reboot' });
  const restarting = run({ kind: 'more_to_do', nextAction: 'reboot' });
  const before = [...at(1, host('one'), ...known()), ...at(5, ...restarting)];
  const stateAfter = (again: Update) =>
    worldOf([...before, ...at(8, host('two')), ...at(9, found([again]))]).updates.get(key);

  test('as it stands keeps what was begun, its steps and restarts, and since when it waits for what is next', () => {
    expect(stateAfter(reboot)).toMatchObject({
      ...{ begun: true, stepCount: 1, restartCount: 1, firstSeenAtMs: 1 },
      ...{ actionSinceMs: 5, actionSinceBoot: 'one' },
    });
  });

  test('with another action next waits for that from now on', () => {
    expect(stateAfter(install)).toMatchObject({
      ...{ begun: true, stepCount: 1, restartCount: 1, firstSeenAtMs: 1 },
      ...{ actionSinceMs: 9, actionSinceBoot: 'two' },
    });
  });

  test('in another version begins anew, but for when it was first seen', () => {
    const state = stateAfter({ ...reboot, toVersion: '3.0.0' });
    expect(state).toMatchObject({ firstSeenAtMs: 1, actionSinceMs: 9, actionSinceBoot: 'two' });
    for (const gone of ['begun', 'stepCount', 'restartCount']) {
      expect(state).not.toHaveProperty(gone);
    }
  });

  test('has the restart that it waits for ordered in the start of the machine that was then', () => {
    const ordered: Fact = { kind: 'restart.ordered', hostId: 'host-1', atMs: 99, updates: [key] };
    const restart = (...first: Fact[]) => worldOf(at(1, ...first, ...known(), ordered)).restart;
    expect(restart(host('one'))).toEqual({ orderedAtMs: 1, atMs: 99, inBoot: 'one' });
    expect(restart()).toEqual({ orderedAtMs: 1, atMs: 99 });
  });
});

describe('an install that is done without a verify', () => {
  const marked: Fact[] = [
    ...run({ kind: 'more_to_do', nextAction: 'verify' }).flatMap((fact) =>
      fact.kind === 'run.finished' ? [installed('r'), fact] : [fact],
    ),
    ...run(failure('VERIFY_FAILED'), updateOf('a', { nextAction: 'verify' })),
    admitted('u', { kind: 'revert', update: install, roots: [] }),
    installed('u', { receiptId: 'undo', reverted: true }),
    finished('u', { kind: 'succeeded' }),
    ...run({ kind: 'succeeded' }, updateOf('a', { nextAction: 'rollback' })),
  ];
  const newer = updateOf('a', { nextAction: 'install', toVersion: '3.0.0' });
  const done = (treeAfterSha256: string): Fact[] => [
    found([newer]),
    admitted('n', perform(newer)),
    installed('n', { treeAfterSha256 }),
    finished('n', { kind: 'succeeded' }),
  ];

  test('is put back where what it left is known not to work, whatever it is called', () => {
    const state = worldOf(at(5, ...known(), ...marked, ...done('a'.repeat(64)))).updates.get(key);
    expect(state?.mending).toMatchObject({ because: { code: 'MARKED_BAD' }, isBad: true });
  });

  test('is done with where it left something else', () => {
    const world = worldOf(at(5, ...known(), ...marked, ...done('c'.repeat(64))));
    expect(world.updates.has(key)).toBe(false);
  });
});
