// What operators, and others who may, said should or should not happen.

import type { Fact } from '../journal/fact.js';
import { subjectKeyOf, type MutableWorld } from './world.js';

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

/** Vetoes and holds at once; the oldest go first. More than any machine has owners for. */
const ORDERS_MAX = 1_000;

export function foldOrder(world: MutableWorld, fact: OrderFact, atMs: number): void {
  switch (fact.kind) {
    case 'hold.placed': {
      const { why, untilMs } = fact;
      put(world.holds, subjectKeyOf(fact.updaterId, fact.updateId), {
        why,
        sinceMs: atMs,
        untilMs,
      });
      return;
    }
    case 'hold.lifted':
      world.holds.delete(subjectKeyOf(fact.updaterId, fact.updateId));
      return;
    case 'veto.placed': {
      const { vetoId: id, owner, why, untilMs } = fact;
      put(world.vetoes, id, { id, owner, why, sinceMs: atMs, untilMs });
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
      put(world.demands, subjectKeyOf(fact.updaterId, fact.updateId), atMs);
      return;
  }
}

/** An updater went away, and with it what was said of it. */
export function forgetOrders(world: MutableWorld, updaterId: string): void {
  for (const orders of [world.holds, world.demands]) {
    for (const key of orders.keys()) {
      if (key === updaterId || key.startsWith(`${updaterId} `)) orders.delete(key);
    }
  }
}

function put<T>(orders: Map<string, T>, key: string, value: T): void {
  orders.delete(key);
  orders.set(key, value);
  const oldest = orders.keys().next();
  if (orders.size > ORDERS_MAX && oldest.done !== true) orders.delete(oldest.value);
}
