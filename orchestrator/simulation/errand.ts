// An errand: one update on one recorded machine, to be done before its deadline. And a ride: what
// became of it under one policy.

import type { Span } from './span.js';
import type { Trace } from './trace.js';

export interface Errand {
  readonly trace: Trace;
  /** When the update appears. */
  readonly arrivalMs: number;
  /** What is not done here was missed. Never after the end of the trace. */
  readonly deadlineMs: number;
  /** How long it has to run, in all. */
  readonly workMs: number;
  /** It cannot be stopped within a step of this length; 0: it can be stopped at any instant. */
  readonly stepMs: number;
}

export interface Ride {
  /** When it ran, in order. */
  readonly ran: readonly Span[];
  /** Absent: it was not done before the deadline. */
  readonly finishedAtMs?: number;
  /** How often it was stopped, or caught in a step, by somebody who came back. */
  readonly interruptions: number;
}

/** Who runs errands: one policy, as it is compared. */
export interface Runner {
  readonly name: string;
  run(errand: Errand): Ride;
}

/** The errands of a trace: one at its start, and one more every `everyMs` (0: only the first). */
export function errandsOf(
  trace: Trace,
  options: {
    readonly workMs: number;
    readonly stepMs: number;
    readonly deadlineMs: number;
    readonly everyMs: number;
  },
): Errand[] {
  const { workMs, stepMs, deadlineMs, everyMs } = options;
  const errands: Errand[] = [];
  let arrivalMs = trace.startMs;
  do {
    const until = Math.min(arrivalMs + deadlineMs, trace.endMs);
    errands.push({ trace, arrivalMs, deadlineMs: until, workMs, stepMs });
    arrivalMs += everyMs;
    // Later ones must have their whole time; the first one takes what there is.
  } while (everyMs > 0 && arrivalMs + deadlineMs <= trace.endMs);
  return errands;
}
