// The end of a life: when there is nothing left to do, and what has to be right then.

import { updateKey, type UpdateState } from '../../orchestrator/world/world.js';
import type { Disk } from './disk.js';
import { InvariantError } from './invariant-error.js';
import { checkJournal, checkReasons } from './invariants.js';
import type { SimulatedMachine } from './machine.js';
import type { Policies } from './policy.js';
import type { Software } from './software.js';
import type { Watch } from './watch.js';

/** There is nothing left to do, and all that is told of it has been heard. */
export function isDone(
  { orchestrator, host }: SimulatedMachine,
  software: Software,
  calmSinceMs: number,
): boolean {
  if (orchestrator === undefined || host === undefined) return false;
  const { updates, runs, updaters } = orchestrator.ledger.world;
  const scans = [...updaters.values()].map(({ lastScanAtMs = 0 }) => lastScanAtMs);
  const isOver = [...updates.values()].every(isGivenUp);
  const idle = isOver && runs.size + host.runs.size + host.outbox.length === 0;
  const scanned = scans.every((atMs) => atMs > calmSinceMs);
  return (
    idle &&
    scanned &&
    software.updaterIds.every((id) =>
      software.pending(id).every((update) => updates.has(updateKey(id, update.id))),
    )
  );
}

/** At the end everything is done, nothing is held, and the journal tells it as it was. */
export function checkEnd(
  { orchestrator, host }: SimulatedMachine,
  deps: {
    readonly disk: Disk;
    readonly software: Software;
    readonly policies: Policies;
    readonly watch: Watch;
  },
): void {
  const { disk, software, policies, watch } = deps;
  if (orchestrator === undefined) throw new InvariantError('nobody is left');
  checkReasons(orchestrator.ledger.inForce, orchestrator.planNow());
  checkJournal(disk, orchestrator.ledger.world, policies.current.retry);
  const { world } = orchestrator.ledger;
  // What does not work was put back, and waits for a person: nobody is one in the calm.
  const undone = [...world.updates.values()].filter((state) => !isGivenUp(state));
  for (const [subject, state] of world.updates)
    if (isGivenUp(state)) watch.audit.verdicts.mayBeGivenUp(subject);
  const waits = new Set([...world.updates.keys()]);
  for (const { updaterId, update } of undone) waits.delete(updateKey(updaterId, update.id));
  const open = software.updaterIds.flatMap((updaterId) =>
    software.pending(updaterId).filter(({ id }) => !waits.has(updateKey(updaterId, id))),
  );
  if (open.length > 0 || undone.length > 0) {
    const why = orchestrator
      .planNow()
      .waiting.map(
        ({ subject, reasons }) => `${subject.key}: ${reasons.map(({ code }) => code).join(' ')}`,
      );
    const starved = open.map(({ id }) => id).join(', ');
    throw new InvariantError(`starved: ${starved} in all of the calm; ${why.join('; ')}`);
  }
  // A scan that is due may be on; anything that nobody carries out is lost.
  const lost = [...world.runs.keys()].filter((id) => host?.runs.has(id) !== true);
  if (lost.length > 0) throw new InvariantError(`lost: ${lost.join(', ')}`);
}

/** Put back, or nobody can. */
function isGivenUp({ gaveUp }: UpdateState): boolean {
  return gaveUp?.code === 'MARKED_BAD' || gaveUp?.code === 'LOST';
}
