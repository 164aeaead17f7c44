// Rollouts: what a fleet knows of an update that goes through its rings.

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

/** Kept of the newest; older ones have been through their rings long ago. */
export const ROLLOUTS_MAX = 1_000;

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
    const { updaterId, updateId, toVersion } = fact;
    rollouts.set(key, { updaterId, updateId, toVersion, startedAtMs: atMs, failed: new Map() });
    const oldest = rollouts.keys().next().value;
    if (rollouts.size > ROLLOUTS_MAX && oldest !== undefined) rollouts.delete(oldest);
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
