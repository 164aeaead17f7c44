// Every subject as it is now: what waits, what is or has to be paused or stopped, and what runs
// (without a reason).

import type { Subject } from '../../proto/gen/lull/operator/v1/operator.js';
import type { Reason } from '../../conditions/reason.js';
import { holdsSlot } from '../runs/run.js';
import { JOURNAL_FULL } from '../world/entry-log.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import { heldToWire, waitingToWire } from './view.wire.js';
import type { Plan } from '../scheduler/plan.js';

export function subjectsNow(deps: {
  readonly planNow: () => Plan;
  readonly ledger: Pick<Ledger, 'world' | 'isFull'>;
}): Subject[] {
  const plan = deps.planNow();
  const heldReasons = new Map(
    [...plan.paused, ...plan.pause, ...plan.stop].map(({ run, reasons }) => [run.id, reasons]),
  );
  // What may start is written first, and that waits.
  const unwritten: Reason[] = deps.ledger.isFull
    ? [{ code: 'NO_SPACE', message: JOURNAL_FULL }]
    : [];
  const held = [...deps.ledger.world.runs.values()].filter(holdsSlot);
  return [
    ...held.map((run) => heldToWire(run, heldReasons.get(run.id) ?? [], run.id)),
    ...plan.admit.map(({ subject }) => waitingToWire({ subject, reasons: unwritten }, undefined)),
    ...plan.waiting.map((each) => waitingToWire(each, plan.lookAgainAtMs)),
  ];
}
