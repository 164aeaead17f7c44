// What an update's runs have committed and not put back, by the receipts of the host.
//
// Invariants:
//   R1. One receipt counts once: a host tells it again after a crash, also when something else was
//       committed, or put back, since.
//   R2. What a run has committed that was given up when its host went away is known after that host's next
//       start, and put back as what any failed install has left.
//   R3. What is told of a run after its end is among its entries, for whoever asks for all of them.

import type { Fact } from '../journal/fact.js';
import type { Run } from '../runs/run.js';
import { foldLeftBehind } from './fold-mending.js';
import { updateKey, type MutableWorld } from './world.js';

/** As many roots as a manifest may have, some of them more than once. */
const COMMITTED_MAX = 64;
/** Each of those may have been put back. */
const RECEIPTS_MAX = 2 * COMMITTED_MAX;

/** The host committed a root, or put one back. */
export function foldInstalled(
  world: MutableWorld,
  fact: Extract<Fact, { kind: 'content.installed' }>,
): void {
  foldToldLate(world, fact);
  const run = world.runs.get(fact.runId) ?? failedRun(world, fact.runId);
  if (run === undefined || run.work.kind === 'scan') return;
  const key = updateKey(run.updaterId, run.work.update.id);
  const state = world.updates.get(key);
  if (state === undefined) return;
  const { receiptId, root, path, treeAfterSha256: treeSha256, reverted } = fact;
  const { committed: before = [], receipts = [] } = state;
  if (receipts.includes(receiptId)) return; // R1
  const last = before.findLastIndex((each) => each.path === path);
  const committed = reverted
    ? before.filter((_, at) => at !== last)
    : [...before, { receiptId, root, path, treeSha256 }];
  world.updates.set(key, {
    ...state,
    committed: committed.slice(-COMMITTED_MAX),
    receipts: [...receipts, receiptId].slice(-RECEIPTS_MAX),
  });
  if (run.phase.kind === 'finished') foldLeftBehind(world, key, run.phase.outcome); // R2
}

/** R3. */
export function foldToldLate(world: MutableWorld, { runId }: { readonly runId: string }): void {
  if (world.runs.has(runId)) return;
  const at = world.history.findLastIndex(({ id }) => id === runId);
  const run = world.history[at];
  if (run !== undefined) world.history[at] = { ...run, lastSequence: world.sequence };
}

/** Not one that ended well: whatever is told of that one once more was known when it ended. */
function failedRun({ history }: MutableWorld, runId: string): Run | undefined {
  const run = history.findLast(({ id }) => id === runId);
  return run?.phase.kind === 'finished' && 'code' in run.phase.outcome ? run : undefined;
}
