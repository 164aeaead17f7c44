// Rings: an update reaches a few machines first, and more of them when it has worked there for a while.
//
// Invariants:
//   R1. A machine's ring for an update is fixed by its name and the update's: it does not move between
//       rings, and it is not always the same machines that go first.
//   R2. What fails on too many machines of any ring starts nowhere any more, whatever the ring, until an
//       operator has looked.
//   R3. Where there are rings, an update of which the fleet has not noted when it began waits.

import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy, Ring } from '../policy/policy.js';
import { ROLLOUT_QUOTA } from '../journal/fact-quota.js';
import { rolloutKey, ROLLOUTS_MAX } from '../world/rollouts.js';
import type { Rollout, World } from '../world/world.js';
import { mends, weightOf } from './requirements.js';
import type { Subject } from './subject.js';
import { updateName } from './update-name.js';

/** Where there is room for no more rollouts (rollouts.ts, O3). */
const ifStopped =
  'where operators have stopped so many that no more are kept, "lull fleet resume" lets some go on, and be forgotten';

export function ringObjections(
  hostId: string,
  { action, state, updater, demanded }: Subject,
  { rollouts }: World,
  { rollout: policy }: Policy,
  nowMs: number,
): Reason[] {
  if (policy.rings.length === 0 || state === undefined) return [];
  // What is there already is looked after, and a download changes nothing.
  if (weightOf(action) !== 'change' || mends(action, state)) return [];
  const { id: updateId, toVersion } = state.update;
  const key = rolloutKey({ updaterId: updater.id, updateId, toVersion });
  const rollout = rollouts.get(key);
  if (rollout === undefined) {
    const isFull = rollouts.size >= ROLLOUTS_MAX;
    const message = `the fleet has not noted yet that ${updateName(state.update)} is there, and notes ${String(ROLLOUT_QUOTA.entries)} a day of what one machine finds`; // R3
    const told = isFull ? `${message}; ${ifStopped}` : message;
    return [{ code: 'RING_WAITS', about: key, message: told }];
  }
  const reasons = stopReasons(rollout, policy); // R2
  const { ring, opensAfterMs } = ringOf(hostId, key, policy.rings);
  const untilMs = rollout.startedAtMs + opensAfterMs;
  if (!demanded && nowMs < untilMs) {
    const measured = Math.max(0, nowMs - rollout.startedAtMs);
    const message = `ring ${ring} opens in ${formatDuration(untilMs - nowMs)}`;
    const waited = { measured, limit: opensAfterMs, unit: 'ms' } as const;
    const since = { sinceMs: rollout.startedAtMs, untilMs };
    reasons.push({ code: 'RING_WAITS', message, about: ring, ...waited, ...since });
  }
  return reasons;
}

/** Why it starts nowhere; empty when it goes on. */
export function stopReasons(rollout: Rollout, { failuresMax }: Policy['rollout']): Reason[] {
  if (rollout.stopped !== undefined) {
    const { why, sinceMs } = rollout.stopped;
    return [{ code: 'ROLLOUT_STOPPED', message: why, about: rolloutKey(rollout), sinceMs }];
  }
  const byRing = new Map<string, number>();
  for (const ring of rollout.failed.values()) byRing.set(ring, (byRing.get(ring) ?? 0) + 1);
  return [...byRing].flatMap(([ring, measured]): Reason[] => {
    if (measured < failuresMax) return [];
    const message = `it did not work on ${String(measured)} machines of ring ${ring}`;
    const counted = { measured, limit: failuresMax, unit: 'count' } as const;
    return [{ code: 'ROLLOUT_STOPPED', message, about: rolloutKey(rollout), ...counted }];
  });
}

/** R1. `opensAfterMs`: from the start of the rollout. */
export function ringOf(
  hostId: string,
  key: string,
  rings: readonly Ring[],
): { readonly ring: string; readonly opensAfterMs: number } {
  const share = shareOf(`${hostId} ${key}`) * 100;
  let upToPercent = 0;
  let opensAfterMs = 0;
  for (const { name, percent, soakMs } of rings) {
    upToPercent += percent;
    if (share < upToPercent) return { ring: name, opensAfterMs };
    opensAfterMs += soakMs;
  }
  return { ring: 'rest', opensAfterMs };
}

/** The last ring that is open, and when the next one opens; of a rollout that nobody stops. */
export function openRings(
  { startedAtMs }: Pick<Rollout, 'startedAtMs'>,
  rings: readonly Ring[],
  nowMs: number,
): { readonly ring: string; readonly nextAtMs?: number } {
  let opensAtMs = startedAtMs;
  let ring = '';
  for (const { name, soakMs } of rings) {
    if (nowMs < opensAtMs) return { ring, nextAtMs: opensAtMs };
    ring = name;
    opensAtMs += soakMs;
  }
  return { ring };
}

/** From 0 to 1, spread evenly: 32-bit FNV-1a, stirred, as its low bits alone are not even. */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
