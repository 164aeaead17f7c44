// Rest: nothing runs, and nothing that waits would start if the machine were quiet. Then nobody need
// measure how quiet it is.

import { valueOf, type Readings } from '../../conditions/reading.js';
import type { ReasonCode } from '../../conditions/reason.js';
import { holdsSlot } from '../runs/run.js';
import type { World } from '../world/world.js';
import type { Plan } from './plan.js';

/** Reasons that no machine, however quiet, takes away. */
const ofItself: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'UPDATER_SUSPENDED',
  'UPDATER_NOT_ENABLED',
  'ACTION_NOT_DECLARED',
  'SCOPE_REFUSED',
  'PUBLISHER_UNKNOWN',
  'ACCEPTANCE_EXPIRED',
  'SCAN_NOT_DUE',
  'RETRY_LATER',
  'GAVE_UP',
  'MARKED_BAD',
  'LOST',
  'HELD',
  'VETOED',
  'TRIPPED',
  'OUTSIDE_WINDOW',
  'ACTIVE_HOURS',
  'NEEDS_OPERATOR',
  'BREAKER_OPEN',
  'RING_WAITS',
  'ROLLOUT_STOPPED',
]);

export function isAtRest({ admit, resume, waiting }: Plan, world: World): boolean {
  if (admit.length > 0 || resume.length > 0) return false;
  if ([...world.runs.values()].some(holdsSlot)) return false;
  return waiting.every(({ reasons }) => reasons.some(({ code }) => ofItself.has(code)));
}

/** Looked at again at least this often while somebody is away, and while somebody is there (Windows). */
const AWAY_MS = 30_000;
const ENGAGED_MS = 600_000;

/** How long nobody looks, where no edge and no instant of the plan comes before. */
export function lookAgainMsMax(readings: Readings): number {
  const value = valueOf(readings, 'presence');
  const isEngaged = value.kind === 'presence' && value.presence.kind === 'engaged';
  return isEngaged ? ENGAGED_MS : AWAY_MS;
}
