// How urgent an update is, and how much of it a person may feel for that.
//
// Invariants:
//   U1. Urgency raises the level. It never touches trust, disk space, the battery's minimum
//       or a critical section: those are no matter of level.
//   U2. A scan has a deadline as well: what is never looked for is never overdue (decision 158).

import type { Policy } from '../policy/policy.js';
import type { Update } from '../runs/update.js';
import type { UpdaterState, UpdateState } from '../world/world.js';

const HOUR_MS = 3_600_000;

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

/**
 * Of an updater's next scan: that of a security update, which it may find, and which may have been there
 * ever since the scan was due (U2).
 */
export function scanDeadlineOf(updater: UpdaterState, policy: Policy): Deadline {
  const { deadlineMs, graceMs } = policy.deadlines.security;
  const dueAtMs = scanDueSinceMs(updater) + Math.max(deadlineMs, graceMs);
  return { dueAtMs, overdueAtMs: dueAtMs + graceMs };
}

/** From when its manifest wants it; a first one from when the updater was enabled. */
export function scanDueSinceMs({ lastScanAtMs, accepted, sinceMs }: UpdaterState): number {
  if (lastScanAtMs === undefined) return sinceMs;
  return lastScanAtMs + (accepted?.version.manifest.scan.sla_h ?? 0) * HOUR_MS;
}

export function urgencyAt({ dueAtMs, overdueAtMs }: Deadline, nowMs: number): Urgency {
  if (nowMs >= overdueAtMs) return 'overdue';
  return nowMs >= dueAtMs ? 'due' : 'normal';
}
