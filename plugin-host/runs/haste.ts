// In what haste a run that is told to end does so.

import type { ReasonCode } from '../../conditions/reason.js';

/** `at-once` is for who is not trusted any more, the trip switch, and what has ended by itself. */
export type Haste = 'at-once' | 'shutting-down' | 'gentle' | 'overrun';

/**
 * Who was suspended, or whose publisher is not trusted any more, gets no further instruction, wherever it
 * stands; and the trip switch means this second. What is killed recovers as from any kill.
 */
const atOnce: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'UPDATER_SUSPENDED',
  'PUBLISHER_UNKNOWN',
  'TRIPPED',
]);

export function hasteOf(reason: ReasonCode): Haste {
  if (atOnce.has(reason)) return 'at-once';
  return reason === 'SHUTTING_DOWN' ? 'shutting-down' : 'gentle';
}
