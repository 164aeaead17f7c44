import { beforeEach, expect, test } from '@jest/globals';
import type { RolledOut } from '../journal/rollout-fact.js';
import { foldRollout, hasRoom, rolloutKey, ROLLOUTS_MAX } from './rollouts.js';
import type { Rollout } from './world.js';

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

function stop(at: number): void {
  const stopped = { kind: 'rollout.stopped', why: 'bad', actor: 'operator' } as const;
  foldRollout(rollouts, { ...stopped, ...update(at) }, at);
}

function isKept(at: number): boolean {
  return rollouts.has(rolloutKey(update(at)));
}

test('two machines that find an update begin one rollout, at the first instant', () => {
  foldRollout(rollouts, { kind: 'rollout.started', ...update(1) }, 10);
  foldRollout(rollouts, { kind: 'rollout.started', ...update(1) }, 20);
  expect([...rollouts.values()]).toMatchObject([{ startedAtMs: 10 }]);
});

test('one that was stopped says why and since when; one that goes on has failed nowhere, and began when it did', () => {
  start(1);
  fail(1);
  const key = rolloutKey(update(1));
  const stopped = { kind: 'rollout.stopped', why: 'bad', actor: 'operator' } as const;
  foldRollout(rollouts, { ...stopped, ...update(1) }, 20);
  expect(rollouts.get(key)).toEqual({
    ...{ ...update(1), startedAtMs: 1, failed: new Map([['machine-1', 'first']]) },
    stopped: { why: 'bad', sinceMs: 20 },
  });
  foldRollout(rollouts, { kind: 'rollout.resumed', ...update(1), actor: 'operator' }, 30);
  expect(rollouts.get(key)).toEqual({ ...update(1), startedAtMs: 1, failed: new Map() });
});

test('when room is needed, what worked long ago is forgotten before what did not, and what an operator stopped never', () => {
  for (let at = 0; at < ROLLOUTS_MAX; at += 1) start(at);
  stop(0);
  for (let at = 1; at < 4_900; at += 1) fail(at);
  start(ROLLOUTS_MAX); // The hundred from 4,900 on.
  expect([0, 1, 4_899, 4_900, 4_999, 5_000, ROLLOUTS_MAX].map(isKept)).toEqual([
    ...[true, true, true, false, false, true, true],
  ]);
  for (let at = 5_000; at < 5_100; at += 1) fail(at); // They are of the older half by now.
  for (let at = 1; at <= 100; at += 1) start(ROLLOUTS_MAX + at);
  expect(rollouts.size).toBeLessThanOrEqual(ROLLOUTS_MAX);
  expect([0, 1, 100, 101, ROLLOUTS_MAX + 100].map(isKept)).toEqual([
    ...[true, false, false, true, true],
  ]);
});

test('what a later version has followed is forgotten first, however new it is', () => {
  for (let at = 0; at < ROLLOUTS_MAX - 1; at += 1) start(at);
  const at = ROLLOUTS_MAX - 2;
  const later = { ...update(at), toVersion: '3.0.0' };
  foldRollout(rollouts, { kind: 'rollout.started', ...later }, 0);
  fail(at);
  start(ROLLOUTS_MAX);
  expect([0, at, ROLLOUTS_MAX].map(isKept)).toEqual([true, false, true]);
  expect(rollouts.has(rolloutKey(later))).toBe(true);
});

test('where everything has failed a new one begins all the same, and what is on its way is not driven out', () => {
  for (let at = 0; at < ROLLOUTS_MAX; at += 1) {
    start(at);
    fail(at);
  }
  for (let at = ROLLOUTS_MAX; at < ROLLOUTS_MAX + 1_000; at += 1) {
    expect(hasRoom(rollouts)).toBe(true);
    start(at);
  }
  for (let at = ROLLOUTS_MAX; at < ROLLOUTS_MAX + 1_000; at += 1) expect(isKept(at)).toBe(true);
});

test('where an operator has stopped everything a new one waits, until one is let go on', () => {
  for (let at = 0; at < ROLLOUTS_MAX; at += 1) {
    start(at);
    stop(at);
  }
  expect(hasRoom(rollouts)).toBe(false);
  start(ROLLOUTS_MAX);
  expect(isKept(ROLLOUTS_MAX)).toBe(false);
  foldRollout(rollouts, { kind: 'rollout.resumed', ...update(7), actor: 'operator' }, 0);
  start(ROLLOUTS_MAX);
  expect([7, ROLLOUTS_MAX].map(isKept)).toEqual([false, true]);
});
