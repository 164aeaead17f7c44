// Which file has which verbs: the command line loads no more than what was typed, so that whoever asks
// is answered at once.

import type { Command } from 'commander';
import type { Here } from './here.js';

type Add = (program: Command, here: Here) => void;

export interface VerbFile {
  readonly names: readonly string[];
  readonly load: () => Promise<Add>;
}

/** In the order in which help lists them. */
export const verbFiles: readonly VerbFile[] = [
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
  { names: ['simulate'], load: async () => (await import('./simulate.js')).addSimulate },
  { names: ['audit'], load: async () => (await import('./audit.js')).addAudit },
  { names: ['journal'], load: async () => (await import('./journal.js')).addJournal },
  { names: ['keys'], load: async () => (await import('./keys.js')).addKeys },
  { names: ['fleetlock'], load: async () => (await import('./fleetlock.js')).addFleetLock },
  { names: ['bundle'], load: async () => (await import('./bundle.js')).addBundle },
];

/**
 * The files that a command line may be about: of every verb that is named in it, since one may also be
 * the value of an option before it. All of them, where none is named, or help comes first.
 */
export function filesFor(args: readonly string[]): readonly VerbFile[] {
  if (args[0] === '--version' || args[0] === '-V') return [];
  const isVerb = (arg: string): boolean => verbFiles.some(({ names }) => names.includes(arg));
  const beforeVerb = args.slice(0, args.findIndex(isVerb));
  const named = verbFiles.filter(({ names }) => names.some((name) => args.includes(name)));
  const isHelp = beforeVerb.includes('--help') || beforeVerb.includes('-h');
  return named.length === 0 || isHelp ? verbFiles : named;
}
