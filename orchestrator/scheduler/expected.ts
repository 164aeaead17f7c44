// What a forecast expects of a run: how long it takes, and what it leads to.

import type { Action } from '../../bundle/manifest.js';
import type { Outcome } from '../runs/run.js';
import type { Work } from '../runs/update.js';

/** Where nobody says how long it takes (ours: most actions on small programs take less). */
const UNSAID_MS = 60_000;
/** What an update goes through, as far as its updater declares it. */
const chain: readonly Action[] = ['download', 'install', 'verify'];

/** As its updater expects of the action that is next, or as most take. */
export function expectedMs(work: Work): number {
  const expectedS = work.kind === 'perform' ? work.update.expectedS : undefined;
  return expectedS === undefined ? UNSAID_MS : Math.max(1, expectedS) * 1_000;
}

/** Success: the next action of the chain that the updater declares, or the end of it. */
export function outcomeOf(work: Work, declared: readonly Action[]): Outcome {
  if (work.kind === 'scan') return { kind: 'succeeded' };
  const place = chain.indexOf(work.update.nextAction);
  const nextAction =
    place < 0 ? undefined : chain.slice(place + 1).find((action) => declared.includes(action));
  return nextAction === undefined ? { kind: 'succeeded' } : { kind: 'more_to_do', nextAction };
}
