// Every command of lull, in the order of its help, and the file that knows its options: a command loads its own.

import type { Command } from 'commander';
import type { Here } from './here.js';

interface Group {
  readonly names: readonly string[];
  readonly load: () => Promise<(program: Command, here: Here) => void>;
}

export const groups: readonly Group[] = [
  { names: ['up'], load: async () => (await import('./up.js')).addUp },
  {
    names: ['status', 'host', 'explain', 'forecast', 'history'],
    load: async () => (await import('./ask.js')).addAsking,
  },
  { names: ['health'], load: async () => (await import('./health.js')).addHealth },
  { names: ['updaters'], load: async () => (await import('./updaters.js')).addUpdaters },
  { names: ['fleet'], load: async () => (await import('./fleet.js')).addFleet },
  {
    names: ['run-now', 'hold', 'unhold', 'veto', 'pause-all', 'resume-all'],
    load: async () => (await import('./orders.js')).addOrders,
  },
  {
    names: ['sensors', 'presence', 'inhibit', 'record'],
    load: async () => (await import('./sensing.js')).addSensing,
  },
  { names: ['policy'], load: async () => (await import('./policy.js')).addPolicy },
  { names: ['simulate'], load: async () => (await import('./simulate.js')).addSimulate },
  { names: ['audit'], load: async () => (await import('./audit.js')).addAudit },
  { names: ['journal'], load: async () => (await import('./journal.js')).addJournal },
  { names: ['keys'], load: async () => (await import('./keys.js')).addKeys },
  { names: ['fleetlock'], load: async () => (await import('./fleetlock.js')).addFleetLock },
  { names: ['bundle'], load: async () => (await import('./bundle.js')).addBundle },
  { names: ['conformance'], load: async () => (await import('./conformance.js')).addConformance },
];

/** Adds the command that is called `name` and those beside it; all, where none is: for help, and for what is mistyped. */
export async function addCommands(
  program: Command,
  here: Here,
  name: string | undefined,
): Promise<void> {
  const wanted = groups.filter(({ names }) => name !== undefined && names.includes(name));
  for (const { load } of wanted.length > 0 ? wanted : groups) (await load())(program, here);
}
