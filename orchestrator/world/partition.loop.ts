// A partition: the journal of many machines, and a world for each of them.
//
// Invariants:
//   P1, P3. As of the fold (partition-fold.ts).
//   P2. What the fleet's journal says is in force in a partition when it has been copied into its
//       journal, in order and once, so that this journal alone says why something ran.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { canonicalJson, type Entry, type Head } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import type { Journal } from '../journal/journal.js';
import type { Policy } from '../policy/policy.js';
import { verifyBehind } from './behind-snapshot.loop.js';
import { keepSnapshots } from './keep-snapshots.loop.js';
import { WorldLedger, type Ledger } from './ledger.loop.js';
import { openFoldedJournal, type SnapshotStore } from './partition-fold.loop.js';
import { worldIn } from './partition-fold.js';
import type { Imposed, Restraint } from './restraints.js';
import { tell, type EntryListener } from './tell.loop.js';

export interface Partition extends Closeable {
  readonly head: Head;
  /** Machines that the journal knows. */
  readonly hosts: () => readonly string[];
  readonly isKnown: (hostId: string) => boolean;
  /** Whether what is appended waits for room on the journal's disk. */
  readonly isFull: () => boolean;
  ledgerOf(hostId: string): Ledger;
  readonly append: (facts: readonly Fact[]) => Promise<void>;
  /** P2. One after the other. @returns those of the fleet's facts, by their sequence, that were not here yet. */
  follow(entries: readonly Pick<Entry, 'sequence' | 'fact'>[]): Promise<readonly Fact[]>;
  /** In force for all machines until the fleet's journal, which says so too, has been followed. */
  imposeOnAll(restraint: Restraint): void;
  /** Calls `listener` when the journal takes nothing more, or was found to be altered. */
  readonly onBroken: (listener: (error: Error) => void) => void;
}

export async function openPartition(deps: {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly retry: () => Policy['retry'];
  /** Where its snapshots are kept. Absent: it has none. */
  readonly snapshots?: SnapshotStore;
  readonly log: Log;
}): Promise<Partition> {
  const { clock, snapshots, log } = deps;
  const ledgers = new Map<string, Ledger>();
  const imposedOnAll = new Map<string, Imposed>();
  const journal = await openFoldedJournal({
    ...deps,
    onFolded: ({ fact }) => {
      if (fact.fleet !== undefined && imposedOnAll.size > 0) imposedOnAll.delete(textOf(fact));
    },
  });
  const { entries, fold, snapshot } = journal;
  const { worlds } = fold;
  /** Of the fleet's journal: the last entry that was copied, or is on its way. */
  let followed = fold.followed;
  const brokenListeners = new Set<(error: Error) => void>();
  const opened = new CloseStack(log);
  if (snapshots !== undefined) {
    const store = snapshots;
    opened.add('snapshots', keepSnapshots({ journal, store, clock, log }));
    const onBroken = (error: Error): void => {
      for (const listener of brokenListeners) listener(error);
    };
    const behind = { journal: deps.journal, store, snapshot, clock, log, onBroken };
    if (snapshot.sequence > 0) opened.add('verifying', verifyBehind(behind));
  }
  /** By machine: an entry is told to those it is about, and not to thousands of others. */
  const listeners = new Map<string, Set<EntryListener>>();
  entries.onEntry((entry) => {
    const { machine } = entry.fact;
    const told = machine === undefined ? [...listeners.values()] : [listeners.get(machine) ?? []];
    for (const each of told) tell(entry, each, log);
  });

  function listen(hostId: string, listener: EntryListener): () => void {
    const known = listeners.get(hostId) ?? new Set();
    listeners.set(hostId, known.add(listener));
    return () => {
      known.delete(listener);
      if (known.size === 0 && listeners.get(hostId) === known) listeners.delete(hostId);
    };
  }

  function ledgerOf(hostId: string): Ledger {
    const known = ledgers.get(hostId);
    if (known !== undefined) return known;
    const ledger = new WorldLedger({
      entries,
      world: worldIn(fold, hostId),
      clock,
      onEntry: (listener) => listen(hostId, listener),
      tagged: (fact) => ({ ...fact, machine: hostId }),
      imposedOnAll: { [Symbol.iterator]: () => imposedOnAll.values() },
    });
    ledgers.set(hostId, ledger);
    return ledger;
  }

  return {
    get head() {
      return entries.head;
    },
    hosts: () => [...worlds.keys()],
    isKnown: (hostId) => worlds.has(hostId),
    isFull: () => entries.isFull,
    ledgerOf,
    append: entries.append,
    follow: async (all) => {
      const before = followed;
      const news = all.filter(({ sequence }) => sequence > before);
      followed = news.at(-1)?.sequence ?? before;
      if (news.length === 0) return [];
      try {
        await entries.append(news.map(({ sequence, fact }) => ({ ...fact, fleet: sequence })));
      } catch (error) {
        followed = before; // None of them is on its way: whoever follows tries again.
        throw error;
      }
      return news.map(({ fact }) => fact);
    },
    imposeOnAll: (fact) => {
      imposedOnAll.set(textOf(fact), { fact, atMs: Math.round(clock.now().wallMs) });
    },
    onBroken: (listener) => {
      entries.onBroken(listener);
      brokenListeners.add(listener);
    },
    close: () => opened.close(),
  };
}

/** The same for a fact and for its copy. */
function textOf(fact: Fact): string {
  return canonicalJson({ ...fact, fleet: undefined });
}
