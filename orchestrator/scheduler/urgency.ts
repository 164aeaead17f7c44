// How urgent an update is, and how much of it a person may feel for that.
//
// Invariant: U1. Urgency raises the level. It never touches trust, disk space, the battery's minimum
// or a critical section: those are no matter of level.

import type { Policy } from '../policy/policy.js';
import type { Intrusion } from '../runs/intrusion.js';
import type { Update } from '../runs/update.js';
import type { UpdateState } from '../world/world.js';

export type Urgency = 'normal' | 'due' | 'overdue';

export interface Deadline {
  /** From here on the update is due. */
  readonly dueAtMs: number;
  /** From here on it is overdue. */
  readonly overdueAtMs: number;
}

/**
 * The publisher's deadline and policy's: the earlier one, but never before the grace has passed since
 * the update was first seen here. A deadline in the past still leaves its grace.
 */
export function deadlineOf(
  state: Pick<UpdateState, 'update' | 'firstSeenAtMs'>,
  policy: Policy,
): Deadline {
  const { update, firstSeenAtMs } = state;
  const rule = policy.deadlines[severityOf(update)];
  const wantedMs = Math.min(
    firstSeenAtMs + rule.deadlineMs,
    update.deadlineAtMs ?? Number.POSITIVE_INFINITY,
  );
  const dueAtMs = Math.max(wantedMs, firstSeenAtMs + rule.graceMs);
  return { dueAtMs, overdueAtMs: dueAtMs + rule.graceMs };
}

/** Which rule of policy's it falls under. */
export function severityOf({ severity, security }: Update): keyof Policy['deadlines'] {
  if (severity === 'critical') return 'critical';
  return security || severity === 'important' ? 'security' : 'others';
}

export function urgencyOf(state: UpdateState, policy: Policy, nowMs: number): Urgency {
  const { dueAtMs, overdueAtMs } = deadlineOf(state, policy);
  if (nowMs >= overdueAtMs) return 'overdue';
  return nowMs >= dueAtMs ? 'due' : 'normal';
}

/** The highest level that policy allows. A scan has no update yet and is never urgent. */
export function intrusionOf(
  state: UpdateState | undefined,
  policy: Policy,
  nowMs: number,
): Intrusion {
  if (state === undefined) return policy.intrusion.normal;
  return policy.intrusion[urgencyOf(state, policy, nowMs)];
}
