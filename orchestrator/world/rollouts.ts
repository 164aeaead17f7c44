// Rollouts: what a fleet knows of an update that goes through its rings.
//
// Invariants:
//   O1. Nothing forgets that an update was stopped, or did not work, but an operator's word: it would begin
//       anew. Of the others the oldest is forgotten, which has been through its rings long ago.
//   O2. Where all that are kept have not worked, a new one is not begun: it waits (rings.ts, R3).

import type { Fact } from '../journal/fact.js';
import type { RolledOut, RolloutFact } from '../journal/rollout-fact.js';
import { updateKey } from './world.js';

export interface Rollout extends RolledOut {
  readonly startedAtMs: number;
  /** Machines on which it did not work, and their rings, since it was resumed last. */
  readonly failed: ReadonlyMap<string, string>;
  /** An operator's word. */
  readonly stopped?: { readonly why: string; readonly sinceMs: number };
}

/** Of a fleet whose machines have different things, each in versions of its own. About 300 bytes each. */
export const ROLLOUTS_MAX = 10_000;

/** By what a rollout is known. */
export function rolloutKey({ updaterId, updateId, toVersion }: RolledOut): string {
  return `${updateKey(updaterId, updateId)} ${toVersion}`;
}

export function isOfRollout(fact: Fact): fact is Extract<Fact, RolloutFact> {
  return fact.kind.startsWith('rollout.');
}

export function foldRollout(rollouts: Map<string, Rollout>, fact: RolloutFact, atMs: number): void {
  const key = rolloutKey(fact);
  const before = rollouts.get(key);
  if (fact.kind === 'rollout.started') {
    if (before !== undefined) return; // Two machines found it in the same moment.
    if (rollouts.size >= ROLLOUTS_MAX && !forgetOldest(rollouts)) return; // O2
    const { updaterId, updateId, toVersion } = fact;
    rollouts.set(key, { updaterId, updateId, toVersion, startedAtMs: atMs, failed: new Map() });
    return;
  }
  if (before === undefined) return;
  switch (fact.kind) {
    case 'rollout.failed':
      rollouts.set(key, {
        ...before,
        failed: new Map([...before.failed, [fact.hostId, fact.ring]]),
      });
      return;
    case 'rollout.stopped':
      rollouts.set(key, { ...before, stopped: { why: fact.why, sinceMs: atMs } });
      return;
    case 'rollout.resumed': {
      const { updaterId, updateId, toVersion, startedAtMs } = before;
      rollouts.set(key, { updaterId, updateId, toVersion, startedAtMs, failed: new Map() });
      return;
    }
  }
}

/** O1. @returns whether there was one. */
function forgetOldest(rollouts: Map<string, Rollout>): boolean {
  for (const [key, { failed, stopped }] of rollouts) {
    if (failed.size > 0 || stopped !== undefined) continue;
    return rollouts.delete(key);
  }
  return false;
}
