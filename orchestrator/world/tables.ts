// The tables of a world of which there are thousands: most are empty most of the time, and an empty one
// takes as much memory as one of four. Between two entries all empty ones are the same.

import type { MutableWorld } from './world.js';

const names = [
  ...(['updaters', 'updates', 'runs', 'holds', 'vetoes', 'demands', 'bad'] as const),
  ...(['instances', 'heard', 'withdrawn'] as const),
];

const empty = new Map<string, never>();
empty.set = () => {
  throw new Error('a world is written to between two entries');
};

/** Before an entry is folded into it. */
export function giveTables(world: MutableWorld): void {
  const tables: Record<(typeof names)[number], Map<string, unknown>> = world;
  for (const name of names) if (tables[name] === empty) tables[name] = new Map();
}

/** After it was folded. */
export function shareEmptyTables(world: MutableWorld): MutableWorld {
  const tables: Record<(typeof names)[number], Map<string, unknown>> = world;
  for (const name of names) if (tables[name].size === 0) tables[name] = empty;
  return world;
}
