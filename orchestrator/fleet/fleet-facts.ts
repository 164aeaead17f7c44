// Which facts of the fleet's journal hold for every machine, and are copied to where machines are.

import type { Fact } from '../journal/fact.js';

const kinds: ReadonlySet<Fact['kind']> = new Set<Fact['kind']>([
  'updater.submitted',
  'updater.enabled',
  'updater.suspended',
  'updater.withdrawn',
  'hold.placed',
  'hold.lifted',
  'veto.placed',
  'veto.lifted',
  'switch.tripped',
  'switch.released',
  'rollout.started',
  'rollout.failed',
  'rollout.stopped',
  'rollout.resumed',
]);

export function isOfTheFleet({ kind }: Fact): boolean {
  return kinds.has(kind);
}
