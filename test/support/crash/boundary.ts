// The steps of an update between which something may be killed: every fact that the journal has of it,
// and every call of the host that it makes. One line is one boundary; each, with each victim that is
// alive there, is a case.

import type { ActionName } from '../../../orchestrator/runs/run.js';

export type Victim = 'updater' | 'orchestrator' | 'plugin-host';

export interface Boundary {
  readonly action: ActionName;
  readonly when: string;
  /** The fact that the journal has by then. */
  readonly fact?: string;
  /** Where the updater stands still. */
  readonly halt?: string;
  /** What the person has done by then. */
  readonly person?: 'has come back' | 'has come back and left';
  /** The server has sent half of the content. */
  readonly halfSent?: true;
  /** The host is reading the trees, which takes it a while. */
  readonly reading?: true;
  /** Its launch is still there, frozen, and nothing has taken it: docs/decisions/0027. */
  readonly lingers?: true;
  /**
   * Which version is shown by then: the one before, where nothing is said. 'either' where nothing makes
   * the updater stand still before its commit, because a host goes on without its orchestrator.
   */
  readonly shown?: 'after' | 'either';
}

const admitted = { when: 'it is admitted', fact: 'run.admitted' } as const;
const ended = { when: 'it has ended', fact: 'run.finished' } as const;
const begun = (action: ActionName) =>
  ({ action, when: 'it has begun', fact: 'run.started', halt: `${action} begins` }) as const;

export const boundaries: readonly Boundary[] = [
  { action: 'scan', ...admitted },
  begun('scan'),
  { action: 'scan', when: 'it has named an update', halt: 'update found' },
  { action: 'scan', ...ended },

  { action: 'download', ...admitted },
  begun('download'),
  { action: 'download', when: 'half of it is here', halfSent: true },
  {
    action: 'download',
    when: 'the content is stored',
    fact: 'content.downloaded',
    halt: 'content fetched',
  },
  { action: 'download', ...ended, shown: 'either' },

  { action: 'install', ...admitted, shown: 'either' },
  begun('install'),
  { action: 'install', when: 'the tree is staged', halt: 'tree staged' },
  {
    action: 'install',
    when: 'it is frozen',
    fact: 'run.paused',
    halt: 'tree staged',
    person: 'has come back',
  },
  {
    action: 'install',
    when: 'it goes on after a pause',
    fact: 'run.thawed',
    halt: 'tree staged',
    person: 'has come back and left',
  },
  { action: 'install', when: 'a checkpoint is saved', halt: 'checkpoint saved' },
  {
    action: 'install',
    when: 'a critical section is entered',
    fact: 'critical.changed',
    halt: 'section entered',
  },
  {
    action: 'install',
    when: 'it is slowed in its section',
    fact: 'run.throttled',
    halt: 'section entered',
    person: 'has come back',
  },
  {
    action: 'install',
    when: 'the tree is committed',
    fact: 'content.installed',
    halt: 'tree committed',
    shown: 'after',
  },
  { action: 'install', when: 'its section is left', halt: 'section left', shown: 'after' },
  { action: 'install', ...ended, shown: 'after' },

  { action: 'verify', ...admitted, shown: 'after' },
  { ...begun('verify'), shown: 'after' },
  { action: 'verify', ...ended, shown: 'after' },
  // Before its last action the launch is taken by the next one at once: what begins there begins in it.
  {
    action: 'verify',
    when: 'its launch lingers',
    fact: 'run.finished',
    lingers: true,
    shown: 'after',
  },
];

/**
 * The course of an update that is installed and does not work: from the verify that fails on. The host
 * puts back what was there by itself, within milliseconds, and no updater lives meanwhile. Between the
 * facts its every change of a file is a step in test/power-cut.
 */
export const revertBoundaries: readonly Boundary[] = [
  { action: 'verify', ...admitted, shown: 'after' },
  { ...begun('verify'), shown: 'after' },
  { action: 'verify', ...ended, shown: 'either' },

  { action: 'revert', ...admitted, shown: 'either' },
  {
    action: 'revert',
    when: 'the trees are read',
    fact: 'run.started',
    reading: true,
    shown: 'either',
  },
  { action: 'revert', when: 'it is put back', fact: 'content.installed' },
  { action: 'revert', ...ended },
];

/** What an updater is asked for once the host has put its update back, where it declares that. */
export const rollbackBoundaries: readonly Boundary[] = [
  { action: 'rollback', ...admitted },
  begun('rollback'),
  // The host was there first, so that a Revert is answered and changes nothing.
  { action: 'rollback', when: 'its Revert is answered', halt: 'version before shown' },
  { action: 'rollback', ...ended },
];

/** An update that takes something away: its only action. */
export const uninstallBoundaries: readonly Boundary[] = [
  { action: 'uninstall', ...admitted },
  begun('uninstall'),
  { action: 'uninstall', when: 'what is to be left is staged', halt: 'tree staged' },
  {
    action: 'uninstall',
    when: 'it is committed',
    fact: 'content.installed',
    halt: 'tree committed',
    shown: 'after',
  },
  { action: 'uninstall', ...ended, shown: 'after' },
];

export interface Case {
  readonly boundary: Boundary;
  readonly victim: Victim;
}

const everybody: readonly Victim[] = ['updater', 'orchestrator', 'plugin-host'];

/** Every boundary with each of the victims who lives there. */
export function casesOf(
  all: readonly Boundary[],
  victims: readonly Victim[] = everybody,
): readonly Case[] {
  return all.flatMap((boundary) =>
    victims
      .filter((victim) => victim !== 'updater' || hasUpdater(boundary))
      .map((victim) => ({ boundary, victim })),
  );
}

/** Between two runs there is none, and the host puts back without one. */
function hasUpdater({ action, fact, lingers }: Boundary): boolean {
  if (lingers === true) return true;
  return action !== 'revert' && fact !== 'run.admitted' && fact !== 'run.finished';
}

/** Cases by the update in whose course they come: one for each of its actions at the most. */
export function updatesFor(all: readonly Case[]): readonly (readonly Case[])[] {
  const updates: Case[][] = [];
  for (const each of all) {
    const update = updates.find((update) =>
      update.every(({ boundary }) => boundary.action !== each.boundary.action),
    );
    if (update === undefined) updates.push([each]);
    else update.push(each);
  }
  return updates;
}
