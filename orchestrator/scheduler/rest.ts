// Rest: nothing runs, and nothing that waits would start if the machine were quiet. Then nobody need
// measure how quiet it is.

import type { ReasonCode } from '../../conditions/reason.js';
import { holdsSlot } from '../runs/run.js';
import type { World } from '../world/world.js';
import type { Plan } from './decide.js';

/** Reasons that no machine, however quiet, takes away. */
const ofItself: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'UPDATER_SUSPENDED',
  'UPDATER_NOT_ENABLED',
  'ACTION_NOT_DECLARED',
  'SCAN_NOT_DUE',
  'RETRY_LATER',
  'GAVE_UP',
  'MARKED_BAD',
  'LOST',
  'HELD',
  'VETOED',
  'TRIPPED',
  'OUTSIDE_WINDOW',
  'NEEDS_OPERATOR',
  'BREAKER_OPEN',
]);

export function isAtRest({ admit, resume, waiting }: Plan, world: World): boolean {
  if (admit.length > 0 || resume.length > 0) return false;
  if ([...world.runs.values()].some(holdsSlot)) return false;
  return waiting.every(({ reasons }) => reasons.some(({ code }) => ofItself.has(code)));
}

/** Programs that have to be closed for some update, each once, in an order of their own. */
export function appsAskedAbout(world: World): string[] {
  const apps = new Set<string>();
  for (const { update } of world.updates.values()) {
    for (const app of update.closedApps) apps.add(app);
  }
  return [...apps].sort();
}
