// What the journal of a partition amounts to: what is true of every machine, and a world for each.
//
// Invariants:
//   P1. A machine's world is the fold of what the journal says of it and of all machines, as if both had
//       been a journal of its own.
//   P3. Of rollouts only the fleet speaks, and which machines failed in one is a long list: it is kept
//       once, and every world has it.

import { canonicalJson, type Entry } from '../journal/chain.js';
import type { Policy } from '../policy/policy.js';
import { copyOf } from './copy.js';
import { emptyWorld, foldEntry } from './fold.js';
import { isOfRollout } from './rollouts.js';
import { giveTables, shareEmptyTables } from './tables.js';
import { FLEET_HISTORY_MAX, type MutableWorld } from './world.js';

export interface PartitionFold {
  /** What is true of every machine, and so of one that nothing was said of yet. */
  readonly common: MutableWorld;
  /** Of every machine that was spoken of or asked about. */
  readonly worlds: Map<string, MutableWorld>;
  /** Machines that the journal speaks of. */
  readonly spokenOf: Set<string>;
  /** Of the fleet's journal: the last entry of which the copy is in this one. */
  followed: number;
  /** What a failure led to, in all of it. Undefined: the policy has changed meanwhile. */
  retry: Policy['retry'] | undefined;
}

export function emptyFold(retry: Policy['retry']): PartitionFold {
  return {
    common: emptyWorld(FLEET_HISTORY_MAX),
    worlds: new Map(),
    spokenOf: new Set(),
    followed: 0,
    retry,
  };
}

export function worldIn({ common, worlds }: PartitionFold, hostId: string): MutableWorld {
  const known = worlds.get(hostId);
  if (known !== undefined) return known;
  const world = shareEmptyTables({ ...copyOf(common), rollouts: common.rollouts }); // P1, P3
  worlds.set(hostId, world);
  return world;
}

export function foldInto(fold: PartitionFold, entry: Entry, retry: Policy['retry']): void {
  if (fold.retry !== retry) fold.retry = sameRetry(fold.retry, retry) ? retry : undefined;
  const { machine, fleet } = entry.fact;
  if (fleet !== undefined) fold.followed = Math.max(fold.followed, fleet);
  if (machine !== undefined) {
    fold.spokenOf.add(machine);
    foldOne(worldIn(fold, machine), entry, retry);
    return;
  }
  foldEntry(fold.common, entry, retry);
  if (isOfRollout(entry.fact)) return; // P3
  for (const world of fold.worlds.values()) foldOne(world, entry, retry);
}

function foldOne(world: MutableWorld, entry: Entry, retry: Policy['retry']): void {
  giveTables(world);
  foldEntry(world, entry, retry);
  shareEmptyTables(world);
}

/** Whether both make the same of a failure. */
export function sameRetry(one: Policy['retry'] | undefined, other: Policy['retry']): boolean {
  return one !== undefined && canonicalJson(one) === canonicalJson(other);
}
