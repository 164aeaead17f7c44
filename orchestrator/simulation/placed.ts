// Recordings on the clock of a policy: where it counts on a clock on the wall, that clock is the one of
// the policy's zone.

import type { Recording, Trace } from './trace.js';
import { movedBy } from './trace.js';
import { instantOf } from './wall.js';

/** @returns the traces of `recording`, at true instants of a machine in `timeZone`. */
export function placedIn(timeZone: string, { traces, clock }: Recording): readonly Trace[] {
  if (clock === 'utc') return traces;
  return traces.map((trace) => movedBy(trace, instantOf(timeZone, trace.startMs) - trace.startMs));
}
