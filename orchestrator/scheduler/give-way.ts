// Giving way: who is held up does not hold up the others. A paused run keeps its slot, because it goes on
// where it stands; but when it has stood for long, and something else could run this instant if the slot
// were free, it is stopped. That is a handover: it is taken up again under its id from its checkpoint, and
// is nobody's failure.
//
// Invariants:
//   G1. Only for what has no other objection: what holds the run up does not hold that up.
//   G2. Only a run of which nobody knows when it goes on, and only after `giveWayMs`, so that it happens
//       once in that time at the most. For what an operator wants now it is not waited.
//   G3. Never in a critical section.
//   G4. No more runs than have to.

import type { Reason } from '../../conditions/reason.js';
import type { Readings } from '../../conditions/reading.js';
import type { Policy } from '../policy/policy.js';
import type { Run } from '../runs/run.js';
import type { HeldRun, HeldRuns } from './held.js';
import { isSlotReason, slotObjections, type Occupant } from './slots.js';
import type { Subject } from './subject.js';

interface Waits {
  readonly subject: Subject;
  readonly reasons: readonly Reason[];
}

interface Giving {
  readonly stop: HeldRuns['stop'];
  /** Paused runs that stay. */
  readonly paused: readonly HeldRun[];
}

/**
 * Which paused runs are to end for the sake of what waits.
 * @param waiting with every reason, who comes first in front.
 * @param running what occupies a slot, or is about to.
 */
export function givingWay(
  waiting: readonly Waits[],
  running: readonly Occupant[],
  paused: readonly HeldRun[],
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Giving {
  const giving = new Map<string, Reason>();
  let occupants = running;
  for (const { subject, reasons } of waiting) {
    if (paused.length === giving.size) break;
    if (!reasons.every((reason) => isSlotReason(reason) || wantsAll(reason))) continue; // G1
    const may = new Set(
      paused
        .filter((each) => mayGive(each, subject.demanded, policy, nowMs))
        .map(({ run }) => run.id),
    );
    const { id: updaterId, accepted } = subject.updater;
    const wanted = { ...subject, updaterId, accepted, runId: subject.key };
    const isFree = reasons.some(wantsAll)
      ? (left: readonly Occupant[]) => left.length === 0
      : (left: readonly Occupant[]) => slotObjections(wanted, left, policy, readings).length === 0;
    const enough = fewest(occupants, may, isFree);
    if (enough === undefined) continue;
    const reason = { code: 'GAVE_WAY', message: `it waits, and ${subject.key} could run` } as const;
    for (const id of enough) giving.set(id, reason);
    occupants = [...occupants.filter(({ runId }) => !enough.has(runId)), wanted];
  }
  return {
    stop: paused.flatMap(({ run, reasons }) => {
      const reason = giving.get(run.id);
      return reason === undefined ? [] : [{ run, reason, reasons: [reason, ...reasons] }];
    }),
    paused: paused.filter(({ run }) => !giving.has(run.id)),
  };
}

/** A restart of the machine that has not been ordered yet waits for everything that has a slot. */
function wantsAll({ code, untilMs }: Reason): boolean {
  return code === 'RESTART_DUE' && untilMs === undefined;
}

/** When the plan may change because a run has been paused for long enough. */
export function givesWayAtMs({ phase }: Run, policy: Policy): number | undefined {
  return phase.kind === 'paused' ? phase.sinceMs + policy.waiting.giveWayMs : undefined;
}

/** G2, G3. */
function mayGive(
  { run, reasons }: HeldRun,
  isWanted: boolean,
  { waiting }: Policy,
  nowMs: number,
): boolean {
  if (run.phase.kind !== 'paused' || run.inSection === true) return false;
  if (isWanted) return true;
  const pausedMs = nowMs - run.phase.sinceMs;
  return pausedMs >= waiting.giveWayMs && reasons.some(({ untilMs }) => untilMs === undefined);
}

/** The fewest of `may` without which there is room (G4); undefined: all of them are not enough. */
function fewest(
  occupants: readonly Occupant[],
  may: ReadonlySet<string>,
  isFree: (left: readonly Occupant[]) => boolean,
): ReadonlySet<string> | undefined {
  const isFreeWithout = (gone: ReadonlySet<string>): boolean =>
    isFree(occupants.filter(({ runId }) => !gone.has(runId)));
  const ids = occupants.map(({ runId }) => runId).filter((id) => may.has(id));
  const gone = new Set(ids.sort());
  if (gone.size === 0 || !isFreeWithout(gone)) return undefined;
  for (const id of [...gone]) {
    gone.delete(id);
    if (!isFreeWithout(gone)) gone.add(id);
  }
  return gone;
}
