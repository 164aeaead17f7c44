// How a policy that is a rule does an errand: in spans, or from instants on.

import { endOf, type Errand, type Ride } from './errand.js';
import { within, type Span } from './span.js';

/**
 * Does the work as often as `starts` lets it begin. What it did stays done.
 * @param starts in order; it may begin at any instant in them.
 * @param goesOn while it goes on, looked at between two steps; undefined: to its end, come what may.
 */
export function attempt(
  errand: Errand,
  starts: readonly Span[],
  goesOn: readonly Span[] | undefined,
): Ride {
  if (goesOn !== undefined) return stoppable(errand, starts, goesOn);
  const { arrivalMs, workMs } = errand;
  const untilMs = endOf(errand);
  const start = within(starts.filter(isSpan), arrivalMs, untilMs)[0];
  if (start === undefined) return { ran: [], interruptions: 0 };
  const endMs = start.fromMs + workMs;
  const ran = [{ fromMs: start.fromMs, toMs: Math.min(endMs, untilMs) }];
  return { ran, interruptions: 0, ...(endMs <= untilMs ? { finishedAtMs: endMs } : {}) };
}

/** Each start that finds it permitted is a span of its own, up to where it is not permitted any more. */
function stoppable(errand: Errand, starts: readonly Span[], goesOn: readonly Span[]): Ride {
  const spans: Span[] = [];
  let i = 0;
  for (const start of starts.filter(isSpan)) {
    for (; (goesOn[i]?.toMs ?? Infinity) <= start.fromMs; i += 1);
    for (let j = i; (goesOn[j]?.fromMs ?? Infinity) < start.toMs; j += 1) {
      const on = goesOn[j];
      const lastMs = spans.at(-1)?.toMs ?? 0;
      if (on === undefined || on.toMs <= lastMs) continue;
      spans.push({ fromMs: Math.max(start.fromMs, on.fromMs, lastMs), toMs: on.toMs });
    }
  }
  return runIn(spans, errand, 'overrun');
}

/** Does the work inside `spans`; `overrun`: a step that began inside may end outside. */
export function runIn(spans: readonly Span[], errand: Errand, steps: 'overrun' | 'fits'): Ride {
  const { arrivalMs, workMs } = errand;
  const untilMs = endOf(errand);
  const ran: Span[] = [];
  let leftMs = workMs;
  let interruptions = 0;
  let freeFromMs = arrivalMs;
  for (const { fromMs, toMs } of within(spans.filter(isSpan), arrivalMs, untilMs)) {
    const startMs = Math.max(fromMs, freeFromMs);
    const endMs = stopOf(startMs, toMs, leftMs, errand, steps);
    if (endMs <= startMs) continue;
    ran.push({ fromMs: startMs, toMs: endMs });
    leftMs -= endMs - startMs;
    freeFromMs = endMs;
    if (leftMs <= 0)
      return { ran, interruptions: interruptions + Number(endMs > toMs), finishedAtMs: endMs };
    if (toMs < untilMs) interruptions += 1;
  }
  return { ran, interruptions };
}

/** When it stops again: at the end of the work, or of the last step that it may begin. */
function stopOf(
  startMs: number,
  toMs: number,
  leftMs: number,
  errand: Errand,
  steps: 'overrun' | 'fits',
): number {
  const { stepMs } = errand;
  if (stepMs === 0) return Math.min(startMs + leftMs, toMs);
  const room = (toMs - startMs) / stepMs;
  const count = steps === 'fits' ? Math.floor(room) : Math.ceil(room);
  const inTime = Math.floor((endOf(errand) - startMs) / stepMs);
  return startMs + Math.min(leftMs, Math.max(0, Math.min(count, inTime)) * stepMs);
}

function isSpan({ fromMs, toMs }: Span): boolean {
  return toMs > fromMs;
}
