// Copies of what a fleet keeps.

import type { KeptCopies } from '../../orchestrator/fleet/raise-copies.jetstream.js';
import { table } from './table.js';

export function showCopies(all: readonly KeptCopies[]): string {
  return table(all.map((each) => [each.stream, countOf(each), behindOf(each)]));
}

/** The same, and what is left to do by whoever gave them. */
export function showGiven(all: readonly KeptCopies[], count: number): string {
  const copies = `--journal-copies ${String(count)}`;
  return `${showCopies(all)}\nstart the orchestrators, and "lull fleetlock", with ${copies}: what is made from then on has as many`;
}

/** One line, while it goes on. */
export function showLook(now: KeptCopies, beforeCount: number): string {
  const [before, after] = [String(beforeCount), String(now.count)];
  const given = before === after ? after : `${before} → ${after}`;
  return `${now.stream}: ${given} copies${now.behind.length === 0 ? ', up to date' : `, ${behindOf(now)}`}`;
}

function countOf({ count }: KeptCopies): string {
  if (count === 0) return 'is not there';
  return count === 1 ? '1 copy' : `${String(count)} copies`;
}

function behindOf({ behind }: KeptCopies): string {
  return behind.length === 0 ? '' : `without ${[...new Set(behind)].join(' and ')} yet`;
}
