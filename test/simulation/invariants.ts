// What must hold at every instant, whatever crashes, lags or lies.
//
//   I1. No two runs hold what only one may: a slot, an exclusive update, a conflict key, an updater.
//   I2. Nothing runs while its guard is broken, but for the rest of a section that cannot be frozen.
//   I3. Every update that is pending runs, starts, or has a reason why not.
//   I4. What was stopped for good by an operator stands still soon after.
//   I5. The world is the fold of the journal, and the journal's chain is whole.
//   I6. What nobody may notice stands still beside a person, and what changes something off mains.
//   I7. What the journal thinks is running, the host that is attached knows of.
//   I8. Lull's own work is never given as the reason why the machine is busy.
//   I9. What runs on the host was permitted by what is durable.

import { deepStrictEqual } from 'node:assert';
import { verifyChain, genesis } from '../../orchestrator/journal/chain.js';
import type { Policy } from '../../orchestrator/policy/policy.js';
import { holdsSlot } from '../../orchestrator/runs/run.js';
import type { Plan } from '../../orchestrator/scheduler/plan.js';
import { keyOf } from '../../orchestrator/scheduler/subject.js';
import { emptyWorld, foldEntry } from '../../orchestrator/world/fold.js';
import { parseEntry } from '../../orchestrator/world/entry-log.loop.js';
import type { World } from '../../orchestrator/world/world.js';
import type { Disk } from './disk.js';
import type { SimulatedHost } from './host.js';
import type { HostRun } from './host-run.js';
import { InvariantError } from './invariant-error.js';

export function checkHost(
  host: SimulatedHost,
  { change, fetch, small: slots }: Policy['slots'],
  small: boolean,
): void {
  const runs = [...host.runs.values()];
  for (const run of runs) {
    if (run.holds.size === 0 && !run.ending && !run.inSection && host.isBroken(run)) {
      throw new InvariantError(`I2: ${run.runId} runs while its guard is broken`);
    }
  }
  const changing = runs.filter(
    ({ update, receipts }) => receipts !== undefined || isChange(update?.nextAction),
  );
  const fetching = runs.length - changing.length;
  if (small ? runs.length > slots : changing.length > change || fetching > fetch) {
    throw new InvariantError(
      `I1: ${runs.map(({ runId }) => runId).join(', ')} hold more than the slots`,
    );
  }
  runs.forEach((run, i) => {
    for (const other of runs.slice(i + 1)) checkPair(run, other);
  });
}

function checkPair(a: HostRun, b: HostRun): void {
  const fault = (why: string): never => {
    throw new InvariantError(`I1: ${a.runId} beside ${b.runId}: ${why}`);
  };
  if (a.updaterId === b.updaterId) fault('one updater');
  if (a.update === undefined || b.update === undefined) return;
  if (a.update.exclusive || b.update.exclusive) fault('exclusive');
  if (a.update.conflictKeys.some((key) => b.update?.conflictKeys.includes(key))) fault('one key');
}

function isChange(action: string | undefined): boolean {
  return action !== undefined && action !== 'download';
}

export function checkReasons(world: World, plan: Plan): void {
  const accounted = new Set([
    ...plan.admit.map(({ subject }) => subject.key),
    ...plan.waiting.filter(({ reasons }) => reasons.length > 0).map(({ subject }) => subject.key),
    ...[...world.runs.values()].filter(holdsSlot).map(keyOf),
  ]);
  for (const key of [...world.updates.keys(), ...world.updaters.keys()]) {
    if (!accounted.has(key)) throw new InvariantError(`I3: nobody says why "${key}" waits`);
  }
}

/** I8, while others leave the machine alone. */
export function checkBlame({ waiting }: Plan): void {
  for (const { subject, reasons } of waiting) {
    if (reasons.some(({ code }) => code === 'CPU_BUSY'))
      throw new InvariantError(`I8: "${subject.key}" waits for work of our own`);
  }
}

/** @param mayPutBack what does not work is put back all the same: no updater runs for that. */
export function checkStandstill(
  host: SimulatedHost,
  why: string,
  stoppedForMs: number,
  mayPutBack: boolean,
): void {
  const going = [...host.runs.values()].filter(
    ({ holds, ending, receipts }) =>
      holds.size === 0 && !ending && !(mayPutBack && receipts !== undefined),
  );
  if (going.length > 0) {
    const names = going.map(({ runId }) => runId).join(', ');
    throw new InvariantError(`I4: ${names} goes on ${String(stoppedForMs)} ms after ${why}`);
  }
}

export function checkJournal(disk: Disk, world: World, retry: Policy['retry']): void {
  const verdict = verifyChain(genesis, disk.entries);
  if (verdict.kind === 'broken') throw new InvariantError(`I5: ${verdict.why}`);
  const again = emptyWorld();
  for (const entry of disk.entries) foldEntry(again, parseEntry(entry), retry);
  try {
    deepStrictEqual(again, world);
  } catch (error) {
    throw new InvariantError(
      `I5: the fold of the journal is another world: ${(error as Error).message}`,
    );
  }
}
