// Since when each reason stands. The plan before is the memory: a reason that was in it too stands since
// whenever it stood there. What a gate or an order knows better, it says itself.

import type { Reason, ReasonCode } from '../../conditions/reason.js';
import type { Plan } from './decide.js';
import { keyOf } from './subject.js';

/** `plan` with an instant at each reason; `before`: the plan of the turn before, dated itself. */
export function dated(plan: Plan, before: Plan | undefined, nowMs: number): Plan {
  const waited = new Map(before?.waiting.map(({ subject, reasons }) => [subject.key, reasons]));
  const paused = new Map(before?.paused.map(({ run, reasons }) => [run.id, reasons]));
  return {
    ...plan,
    waiting: plan.waiting.map(({ subject, reasons }) => ({
      subject,
      reasons: datedReasons(reasons, waited.get(subject.key), nowMs),
    })),
    paused: plan.paused.map(({ run, reasons }) => ({
      run,
      // A run that was cut waits as a subject; what kept it from going on then keeps it now.
      reasons: datedReasons(reasons, paused.get(run.id) ?? waited.get(keyOf(run)), nowMs),
    })),
  };
}

function datedReasons(
  reasons: readonly Reason[],
  before: readonly Reason[] | undefined,
  nowMs: number,
): Reason[] {
  const since = new Map<ReasonCode, number>();
  for (const { code, sinceMs } of before ?? []) {
    if (sinceMs !== undefined && !since.has(code)) since.set(code, sinceMs);
  }
  return reasons.map((reason) =>
    reason.sinceMs === undefined ? { ...reason, sinceMs: since.get(reason.code) ?? nowMs } : reason,
  );
}
