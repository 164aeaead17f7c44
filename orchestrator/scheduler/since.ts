// Since when each reason stands. The plan before is the memory: a reason that was in it too, about the
// same thing, stands since whenever it stood there. What a gate, an order or the journal knows better,
// the reason says itself; that alone outlives a restart.

import type { Reason } from '../../conditions/reason.js';
import type { HeldRun } from './held.js';
import type { Plan } from './plan.js';
import { keyOf } from './subject.js';

/** `plan` with an instant at each reason; `before`: the plan of the turn before, dated itself. */
export function dated(plan: Plan, before: Plan | undefined, nowMs: number): Plan {
  const known = before === undefined ? new Map<string, number>() : instantsOf(before);
  const date = (key: string, reasons: readonly Reason[]): Reason[] =>
    reasons.map((reason) => ({
      ...reason,
      sinceMs: reason.sinceMs ?? known.get(nameOf(key, reason)) ?? nowMs,
    }));
  const dateRun = ({ run, reasons }: HeldRun): HeldRun => ({
    run,
    reasons: date(keyOf(run), reasons),
  });
  return {
    ...plan,
    waiting: plan.waiting.map(({ subject, reasons }) => ({
      subject,
      reasons: date(subject.key, reasons),
    })),
    stop: plan.stop.map((each) => ({ ...each, reasons: date(keyOf(each.run), each.reasons) })),
    pause: plan.pause.map(dateRun),
    paused: plan.paused.map(dateRun),
  };
}

/** A run that was paused or cut waits as a subject; what kept it from going on then keeps it now. */
function instantsOf({ waiting, stop, pause, paused }: Plan): Map<string, number> {
  const instants = new Map<string, number>();
  const note = (key: string, reasons: readonly Reason[]): void => {
    for (const reason of reasons) {
      const name = nameOf(key, reason);
      if (reason.sinceMs !== undefined && !instants.has(name)) instants.set(name, reason.sinceMs);
    }
  };
  for (const { run, reasons } of [...paused, ...pause, ...stop]) note(keyOf(run), reasons);
  for (const { subject, reasons } of waiting) note(subject.key, reasons);
  return instants;
}

/** Control characters are in no key. */
function nameOf(key: string, { code, about = '' }: Reason): string {
  return [key, code, about].join('\n');
}
