// Rollouts: what a fleet knows of an update that goes through its rings.
//
// Invariants:
//   O1. That an operator stopped an update is forgotten by an operator's word alone: it would begin anew. What
//       else is forgotten, and in which order, is the same wherever these facts are folded: it hangs on
//       their order, and on no clock.
//   O2. The newest half is on its way, and is forgotten for nothing but a later version. So what is kept does
//       not drive each other out by turns, beginning anew each time.
//   O3. Where nothing may be forgotten, a new one is not begun: it waits, and says for what (rings.ts, R3).

import type { Fact } from '../journal/fact.js';
import type { RolledOut, RolloutFact } from '../journal/rollout-fact.js';
import { updateKey, type Rollout } from './world.js';

/** Of a fleet whose machines have different things, each in versions of its own. About 300 bytes each. */
export const ROLLOUTS_MAX = 10_000;
/** Forgotten at once: all of them have to be looked through for it. */
const FORGOTTEN_AT_ONCE = 100;

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
    if (rollouts.size >= ROLLOUTS_MAX) {
      for (const old of forgettable(rollouts)) rollouts.delete(old);
      if (rollouts.size >= ROLLOUTS_MAX) return; // O3
    }
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

/** Whether one that is not known yet would be begun. */
export function hasRoom(rollouts: ReadonlyMap<string, Rollout>): boolean {
  return rollouts.size < ROLLOUTS_MAX || forgettable(rollouts).length > 0;
}

/**
 * What makes room, O1: what a later version of the same update has followed; then, of the older half (O2),
 * what worked wherever it ran, and what did not. The oldest first.
 */
function forgettable(rollouts: ReadonlyMap<string, Rollout>): string[] {
  const latest = new Map<string, string>();
  for (const [key, { updaterId, updateId }] of rollouts) {
    latest.set(updateKey(updaterId, updateId), key);
  }
  const [followed, worked, failed]: [string[], string[], string[]] = [[], [], []];
  let at = 0;
  for (const [key, { updaterId, updateId, failed: where, stopped }] of rollouts) {
    at += 1;
    if (stopped !== undefined) continue;
    if (latest.get(updateKey(updaterId, updateId)) !== key) followed.push(key);
    else if (at <= ROLLOUTS_MAX / 2) (where.size === 0 ? worked : failed).push(key);
  }
  const first = [followed, worked, failed].find(({ length }) => length > 0) ?? [];
  return first.slice(0, FORGOTTEN_AT_ONCE);
}
