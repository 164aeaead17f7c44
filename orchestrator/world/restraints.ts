// Restraints: facts that only ever keep something from running. They are in force from the moment that
// somebody says them, and in the journal when the disk has taken them: nothing permissive may go before
// its entry, and nothing restrictive waits for one.

import type { Fact } from '../journal/fact.js';
import { copyOf } from './copy.js';
import { foldOrder } from './fold-order.js';
import { foldWithdrawn } from './fold-updater.js';
import type { MutableWorld, World } from './world.js';

export type Restraint = Extract<
  Fact,
  {
    kind:
      'hold.placed' | 'veto.placed' | 'switch.tripped' | 'updater.suspended' | 'updater.withdrawn';
  }
>;

const kinds: ReadonlySet<Fact['kind']> = new Set<Restraint['kind']>([
  'hold.placed',
  'veto.placed',
  'switch.tripped',
  'updater.suspended',
  'updater.withdrawn',
]);

export function isRestraint(fact: Fact): fact is Restraint {
  return kinds.has(fact.kind);
}

/** Said, and not durable yet. */
export interface Imposed {
  readonly fact: Restraint;
  readonly atMs: number;
}

/** `world` with what was said since laid over it. It shares everything that this leaves alone. */
export function restrained(world: World, imposed: Iterable<Imposed>): World {
  let over: MutableWorld | undefined;
  for (const { fact, atMs } of imposed) {
    over ??= copyOf(world);
    if (fact.kind === 'updater.suspended') suspend(over, fact, atMs);
    else if (fact.kind === 'updater.withdrawn') foldWithdrawn(over, fact);
    else foldOrder(over, fact, atMs);
  }
  return over ?? world;
}

function suspend(
  { updaters }: MutableWorld,
  { id, why }: Extract<Restraint, { kind: 'updater.suspended' }>,
  atMs: number,
): void {
  const updater = updaters.get(id);
  if (updater === undefined) return;
  updaters.set(id, { ...updater, state: 'suspended', sinceMs: atMs, why });
}
