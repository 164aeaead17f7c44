// The policies that Lull is compared with, each as good as its idea allows: they look at every
// instant, stop between two steps as soon as they see a reason to, and never fail.

import { intersection, within, type Span } from './span.js';
import type { Errand, Ride, Runner } from './errand.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const idleTimersS = [60, 180, 900, 1_860] as const;

/** Runs from the first instant on, whoever is there. */
export const startAtOnce: Runner = {
  name: 'start at once',
  run: (errand) =>
    runIn([{ fromMs: errand.arrivalMs, toMs: errand.deadlineMs }], errand, 'overrun'),
};

/** Runs between two hours of the local day, whoever is there. */
export function nightWindow(fromHour: number, toHour: number): Runner {
  const two = (hour: number): string => String(hour).padStart(2, '0');
  return {
    name: `night window ${two(fromHour)}-${two(toHour)}`,
    run: (errand) => {
      const windows: Span[] = [];
      const firstDayMs = Math.floor(errand.arrivalMs / DAY_MS) * DAY_MS - DAY_MS;
      for (let dayMs = firstDayMs; dayMs < errand.deadlineMs; dayMs += DAY_MS) {
        windows.push({ fromMs: dayMs + fromHour * HOUR_MS, toMs: dayMs + toHour * HOUR_MS });
      }
      return runIn(windows, errand, 'overrun');
    },
  };
}

/** Waits until the machine was left alone for so long; stops when it sees that it is not any more. */
export function idleTimer(idleS: number): Runner {
  return {
    name: `idle for ${String(idleS)} s`,
    run: (errand) => {
      const ripe = allowedIn(errand).map(({ fromMs, toMs }) => ({
        fromMs: fromMs + idleS * 1_000,
        toMs,
      }));
      return runIn(ripe, errand, 'overrun');
    },
  };
}

/** Knows the whole trace: never a step that somebody comes back in, and otherwise as early as it can. */
export const clairvoyant: Runner = {
  name: 'clairvoyant',
  run: (errand) => runIn(allowedIn(errand), errand, 'fits'),
};

export const rivals: readonly Runner[] = [
  startAtOnce,
  nightWindow(2, 6),
  ...idleTimersS.map(idleTimer),
];

/** When the errand's machine was left alone on mains. */
export function allowedIn({ trace }: Errand): Span[] {
  return trace.away === trace.mains ? [...trace.away] : intersection(trace.away, trace.mains);
}

/** Does the work inside `spans`; `overrun`: a step that began inside may end outside. */
function runIn(spans: readonly Span[], errand: Errand, steps: 'overrun' | 'fits'): Ride {
  const { arrivalMs, deadlineMs, workMs } = errand;
  const ran: Span[] = [];
  let leftMs = workMs;
  let interruptions = 0;
  let freeFromMs = arrivalMs;
  for (const { fromMs, toMs } of within(spans.filter(isSpan), arrivalMs, deadlineMs)) {
    const startMs = Math.max(fromMs, freeFromMs);
    const endMs = endOf(startMs, toMs, leftMs, errand, steps);
    if (endMs <= startMs) continue;
    ran.push({ fromMs: startMs, toMs: endMs });
    leftMs -= endMs - startMs;
    freeFromMs = endMs;
    if (leftMs <= 0)
      return { ran, interruptions: interruptions + Number(endMs > toMs), finishedAtMs: endMs };
    if (toMs < deadlineMs) interruptions += 1;
  }
  return { ran, interruptions };
}

/** When it stops again: at the end of the work, or of the last step that it may begin. */
function endOf(
  startMs: number,
  toMs: number,
  leftMs: number,
  errand: Errand,
  steps: 'overrun' | 'fits',
): number {
  const { stepMs, deadlineMs } = errand;
  if (stepMs === 0) return Math.min(startMs + leftMs, toMs);
  const room = (toMs - startMs) / stepMs;
  const count = steps === 'fits' ? Math.floor(room) : Math.ceil(room);
  const inTime = Math.floor((deadlineMs - startMs) / stepMs);
  return startMs + Math.min(leftMs, Math.max(0, Math.min(count, inTime)) * stepMs);
}

function isSpan({ fromMs, toMs }: Span): boolean {
  return toMs > fromMs;
}
