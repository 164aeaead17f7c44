// What operators, and others who may, said should or should not happen.

import type { Fact } from '../journal/fact.js';
import { DEMAND_MS_MAX, subjectKeyOf, type MutableWorld } from './world.js';

type OrderFact = Extract<
  Fact,
  {
    kind:
      | 'hold.placed'
      | 'hold.lifted'
      | 'veto.placed'
      | 'veto.lifted'
      | 'switch.tripped'
      | 'switch.released'
      | 'run.demanded';
  }
>;

/** Orders of a kind in force at once. More than any machine has owners for. */
export const ORDERS_MAX = 1_000;

export function foldOrder(world: MutableWorld, fact: OrderFact, atMs: number): void {
  switch (fact.kind) {
    case 'hold.placed': {
      const { why, untilMs } = fact;
      const hold = { why, sinceMs: atMs, untilMs };
      put(world.holds, subjectKeyOf(fact.updaterId, fact.updateId), hold, ended(atMs));
      return;
    }
    case 'hold.lifted':
      world.holds.delete(subjectKeyOf(fact.updaterId, fact.updateId));
      return;
    case 'veto.placed': {
      const { vetoId: id, owner, why, untilMs } = fact;
      put(world.vetoes, id, { id, owner, why, sinceMs: atMs, untilMs }, ended(atMs));
      return;
    }
    case 'veto.lifted':
      world.vetoes.delete(fact.vetoId);
      return;
    case 'switch.tripped':
      world.tripped = { why: fact.why, sinceMs: atMs, untilMs: fact.untilMs };
      return;
    case 'switch.released':
      world.tripped = undefined;
      return;
    case 'run.demanded':
      put(
        world.demands,
        subjectKeyOf(fact.updaterId, fact.updateId),
        atMs,
        (sinceMs) => Math.abs(atMs - sinceMs) >= DEMAND_MS_MAX,
      );
      return;
  }
}

/** Of an updater, and of each of its updates. */
export function forgetOrders(orders: Map<string, unknown>, updaterId: string): void {
  for (const key of orders.keys()) {
    if (key === updaterId || key.startsWith(`${updaterId} `)) orders.delete(key);
  }
}

/** How many of `orders` are in force. */
export function countInForce(
  orders: ReadonlyMap<string, { readonly untilMs: number }>,
  nowMs: number,
): number {
  return [...orders.values()].filter(({ untilMs }) => nowMs < untilMs).length;
}

function ended(atMs: number): (order: { readonly untilMs: number }) => boolean {
  return ({ untilMs }) => atMs >= untilMs;
}

/** What is over makes room. Nothing in force does: beyond the bound, the new one is not taken. */
function put<T>(
  orders: Map<string, T>,
  key: string,
  value: T,
  isOver: (value: T) => boolean,
): void {
  orders.delete(key);
  if (orders.size >= ORDERS_MAX) {
    for (const [other, order] of orders) if (isOver(order)) orders.delete(other);
  }
  if (orders.size < ORDERS_MAX) orders.set(key, value);
}
