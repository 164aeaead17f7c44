// An errand: one update on one recorded machine, to be done before its deadline. And a ride: what
// became of it under one policy.

import type { Severity } from '../runs/update.js';
import type { Span } from './span.js';
import type { Trace } from './trace.js';

export interface Errand {
  readonly trace: Trace;
  /** When the update appears. */
  readonly arrivalMs: number;
  /** What is not done here was missed. Never after the end of the trace. */
  readonly deadlineMs: number;
  /** Until when it is looked at, where what was missed is done later. Absent: until the deadline. */
  readonly untilMs?: number;
  /** What its publisher says; absent: policy's deadlines alone hold. */
  readonly publisherDeadlineMs?: number;
  readonly severity?: Severity;
  /** Whose clock on the wall the machine's person lives by; absent: UTC. */
  readonly timeZone?: string;
  /** Absent: install. */
  readonly action?: 'download' | 'install';
  /** What a download fetches; absent: it does not say. */
  readonly bytes?: number;
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

export function actionOf({ action = 'install' }: Errand): 'download' | 'install' {
  return action;
}

/** When it was in nobody's way to run it. */
export function allowedIn({ trace, action = 'install' }: Errand): readonly Span[] {
  return action === 'install' ? trace.quiet : trace.quietOnline;
}

export function endOf({ untilMs, deadlineMs }: Errand): number {
  return untilMs ?? deadlineMs;
}

/** What all errands of a comparison have in common. */
export interface ErrandPlan extends Pick<Errand, 'severity' | 'action' | 'bytes' | 'timeZone'> {
  readonly workMs: number;
  readonly stepMs: number;
  /** From its arrival on; what is not done then was missed. */
  readonly deadlineMs: number;
  /** The publisher's deadline, from its arrival on; absent: it states none. */
  readonly publisherMs?: number;
  /** What was missed may still be done, until the trace ends. */
  readonly late?: boolean;
  /** One more after each of these; 0: only the first. */
  readonly everyMs: number;
}

/** The errands of a trace: one at its start, and one more every `everyMs`. */
export function errandsOf(trace: Trace, plan: ErrandPlan): Errand[] {
  const { workMs, stepMs, everyMs, publisherMs, late = false, deadlineMs: forMs, ...alike } = plan;
  const errands: Errand[] = [];
  let arrivalMs = trace.startMs;
  do {
    const deadlineMs = Math.min(arrivalMs + forMs, trace.endMs);
    errands.push({
      ...{ trace, arrivalMs, deadlineMs, workMs, stepMs },
      ...(publisherMs === undefined
        ? {}
        : { publisherDeadlineMs: Math.min(arrivalMs + publisherMs, trace.endMs) }),
      ...(late ? { untilMs: trace.endMs } : {}),
      ...alike,
    });
    arrivalMs += everyMs;
    // Later ones must have their whole time; the first one takes what there is.
  } while (everyMs > 0 && arrivalMs + forMs <= trace.endMs);
  return errands;
}
