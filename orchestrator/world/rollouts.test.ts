import { beforeEach, expect, test } from '@jest/globals';
import type { RolledOut } from '../journal/rollout-fact.js';
import { foldRollout, rolloutKey, ROLLOUTS_MAX, type Rollout } from './rollouts.js';

let rollouts: Map<string, Rollout>;

beforeEach(() => {
  rollouts = new Map();
});

function update(at: number): RolledOut {
  return { updaterId: 'dev.lull.npm', updateId: `npm:${String(at)}`, toVersion: '2.0.0' };
}

function start(at: number): void {
  foldRollout(rollouts, { kind: 'rollout.started', ...update(at) }, at);
}

function fail(at: number): void {
  const what = { hostId: 'machine-1', ring: 'first', why: 'it broke' };
  foldRollout(rollouts, { kind: 'rollout.failed', ...update(at), ...what }, at);
}

function isKept(at: number): boolean {
  return rollouts.has(rolloutKey(update(at)));
}

test('two machines that find an update begin one rollout, at the first instant', () => {
  foldRollout(rollouts, { kind: 'rollout.started', ...update(1) }, 10);
  foldRollout(rollouts, { kind: 'rollout.started', ...update(1) }, 20);
  expect([...rollouts.values()]).toMatchObject([{ startedAtMs: 10 }]);
});

test('the oldest is forgotten, but none that was stopped or did not work somewhere', () => {
  for (let at = 0; at < ROLLOUTS_MAX; at += 1) start(at);
  foldRollout(
    rollouts,
    { kind: 'rollout.stopped', ...update(0), why: 'bad', actor: 'operator' },
    0,
  );
  fail(1);
  start(ROLLOUTS_MAX);
  start(ROLLOUTS_MAX + 1);
  expect(rollouts.size).toBe(ROLLOUTS_MAX);
  expect([0, 1, 2, 3, 4, ROLLOUTS_MAX + 1].map(isKept)).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
  ]);
});

test('where everything has failed a new one is not begun, until an operator lets one go on', () => {
  for (let at = 0; at < ROLLOUTS_MAX; at += 1) {
    start(at);
    fail(at);
  }
  start(ROLLOUTS_MAX);
  expect(isKept(ROLLOUTS_MAX)).toBe(false);
  foldRollout(rollouts, { kind: 'rollout.resumed', ...update(7), actor: 'operator' }, 0);
  start(ROLLOUTS_MAX);
  expect([7, ROLLOUTS_MAX].map(isKept)).toEqual([false, true]);
});
