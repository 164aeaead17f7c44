// What people said is bounded: what is over makes room, and nothing in force does.

import { expect, test } from '@jest/globals';
import { countInForce, foldOrder, ORDERS_MAX } from './fold-order.js';
import { emptyWorld } from './fold.js';
import { DEMAND_MS_MAX, type MutableWorld } from './world.js';

function object(world: MutableWorld, vetoId: string, untilMs: number, atMs = 0): void {
  foldOrder(world, { kind: 'veto.placed', vetoId, owner: 'o', why: 'w', untilMs }, atMs);
}

function full(untilMs: (n: number) => number): MutableWorld {
  const world = emptyWorld();
  for (let n = 0; n < ORDERS_MAX; n += 1) object(world, `v${String(n)}`, untilMs(n));
  return world;
}

test('an objection, a hold and the trip switch say who, why, and from when to when', () => {
  const world = emptyWorld();
  object(world, 'v', 9, 3);
  expect(world.vetoes.get('v')).toEqual({
    ...{ id: 'v', owner: 'o', why: 'w', sinceMs: 3, untilMs: 9 },
  });
  const actor = 'operator';
  const hold = { kind: 'hold.placed', updaterId: 'u', updateId: 'a', why: 'h', actor } as const;
  foldOrder(world, { ...hold, untilMs: 9 }, 4);
  expect([...world.holds]).toEqual([['u a', { why: 'h', sinceMs: 4, untilMs: 9 }]]);
  foldOrder(world, { kind: 'switch.tripped', why: 't', untilMs: 9, actor }, 5);
  expect(world.tripped).toEqual({ why: 't', sinceMs: 5, untilMs: 9 });
});

test('where all are in force another one is not taken, and pushes none out', () => {
  const world = full(() => 100);
  object(world, 'late', 100, 50);
  expect(world.vetoes.size).toBe(ORDERS_MAX);
  expect(world.vetoes.has('late')).toBe(false);
  expect(countInForce(world.vetoes, 50)).toBe(ORDERS_MAX);
});

test('one that is there already is said anew where all are in force', () => {
  const world = full(() => 100);
  object(world, 'v7', 200, 50);
  expect(world.vetoes.get('v7')).toMatchObject({ sinceMs: 50, untilMs: 200 });
  expect(world.vetoes.size).toBe(ORDERS_MAX);
});

test('what is over makes room, and until room is needed it stays', () => {
  const world = full((n) => (n < 10 ? 50 : 100));
  object(world, 'v11', 100, 50);
  expect(countInForce(world.vetoes, 50)).toBe(ORDERS_MAX - 10);
  expect(world.vetoes.size).toBe(ORDERS_MAX);
  object(world, 'late', 100, 50);
  expect(world.vetoes.has('late')).toBe(true);
  expect(world.vetoes.has('v9')).toBe(false);
  expect(world.vetoes.size).toBe(ORDERS_MAX - 9);
});

test('what an operator wanted makes room when it is forgotten', () => {
  const world = emptyWorld();
  const want = (updateId: string, atMs: number): void => {
    const actor = 'operator';
    foldOrder(world, { kind: 'run.demanded', updaterId: 'u', updateId, actor }, atMs);
  };
  for (let n = 0; n < ORDERS_MAX; n += 1) want(String(n), n);
  want('early', DEMAND_MS_MAX - 1);
  expect(world.demands.has('u early')).toBe(false);
  want('late', DEMAND_MS_MAX + 1);
  expect([world.demands.has('u late'), world.demands.size]).toEqual([true, ORDERS_MAX - 1]);
});
