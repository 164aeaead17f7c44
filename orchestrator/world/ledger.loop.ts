// The ledger: the journal and its fold, kept in step.
//
// Invariants:
//   L1–L3. As of the entry log. The world contains a fact only when it is durable.
//   L4. What restrains is in force at once: `inForce` is the world with what was imposed and is not
//       durable yet. It has room where the queue is full for everything else, and stays in force when
//       the journal has failed.

import type { Log } from '../../runtime/log.js';
import type { Clock } from '../../runtime/clock.js';
import type { Entry, Head, StoredEntry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { JournalBusyError, type Journal } from '../journal/journal.js';
import type { Policy } from '../policy/policy.js';
import { openEntryLog, RESTRAINTS_MAX, type EntryLog } from './entry-log.loop.js';
import { emptyWorld, foldEntry } from './fold.js';
import { restrained, type Imposed, type Restraint } from './restraints.js';
import type { JournalVerdict } from './verify-journal.loop.js';
import type { World } from './world.js';

export interface Ledger {
  readonly world: World;
  /** For deciding: the world, and what restrains it although it is not durable yet (L4). */
  readonly inForce: World;
  readonly head: Head;
  /** Whether what is appended waits for room on the journal's disk. */
  readonly isFull: boolean;
  /** What was appended, and is not durable yet. */
  readonly underWay: Iterable<Fact>;
  /** Puts `restraint` in force, and resolves when it is durable as well (L4). */
  impose(restraint: Restraint): Promise<void>;
  append(facts: readonly Fact[]): Promise<void>;
  read(fromSequence: number, count: number): Promise<readonly StoredEntry[]>;
  verify(): Promise<JournalVerdict>;
  /** Calls `listener` after each entry was folded; returns how to stop that. */
  onEntry(listener: (entry: Entry) => void): () => void;
}

/** Of a journal that is this world's alone. */
export interface OwnLedger extends Ledger {
  readonly onBroken: EntryLog['onBroken'];
}

/** Reads the journal, verifies its chain and folds it. */
export async function openLedger(deps: {
  journal: Journal;
  clock: Clock;
  /** Asked anew for each fact: the policy may change while it is open. */
  retry: () => Policy['retry'];
  log: Log;
}): Promise<OwnLedger> {
  const { journal, clock, retry, log } = deps;
  const world = emptyWorld();
  const fold = (entry: Entry): void => {
    foldEntry(world, entry, retry());
  };
  const entries = await openEntryLog({ journal, clock, fold, log });
  const ledger = new WorldLedger({
    ...{ entries, world, clock, tagged: (fact) => fact },
    onEntry: (listener) => entries.onEntry(listener),
  });
  return Object.assign(ledger, { onBroken: entries.onBroken });
}

export interface WorldLedgerDeps {
  readonly entries: EntryLog;
  readonly world: World;
  readonly clock: Clock;
  /** Of the entries that are of this world. */
  readonly onEntry: EntryLog['onEntry'];
  /** The fact as one of this world. */
  readonly tagged: <F extends Fact>(fact: F) => F;
  /** Imposed on every world of the journal. */
  readonly imposedOnAll?: Iterable<Imposed>;
}

/** A ledger of one world, in a journal that may hold thousands. */
export class WorldLedger implements Ledger {
  readonly world: World;
  /** Absent on most of thousands of machines. */
  private imposed: Set<Imposed> | undefined;
  private pending: Set<Fact> | undefined;

  constructor(private readonly deps: WorldLedgerDeps) {
    this.world = deps.world;
  }

  get head(): Head {
    return this.deps.entries.head;
  }

  get isFull(): boolean {
    return this.deps.entries.isFull;
  }

  get inForce(): World {
    return restrained(restrained(this.world, this.deps.imposedOnAll ?? []), this.imposed ?? []);
  }

  async impose(fact: Restraint): Promise<void> {
    const { clock, entries, tagged } = this.deps;
    const imposed = (this.imposed ??= new Set());
    if (imposed.size >= RESTRAINTS_MAX) throw new JournalBusyError();
    const restraint = { fact, atMs: Math.round(clock.now().wallMs) };
    imposed.add(restraint);
    await entries.appendRestraint(tagged(fact));
    imposed.delete(restraint);
  }

  get underWay(): Iterable<Fact> {
    return this.pending ?? [];
  }

  /** No more are under way than the journal's queue takes. */
  append(facts: readonly Fact[]): Promise<void> {
    const appended = this.deps.entries.append(facts.map(this.deps.tagged));
    const pending = (this.pending ??= new Set());
    for (const fact of facts) pending.add(fact);
    return appended.finally(() => {
      for (const fact of facts) pending.delete(fact);
      if (pending.size === 0 && this.pending === pending) this.pending = undefined;
    });
  }

  read(fromSequence: number, count: number): Promise<readonly StoredEntry[]> {
    return this.deps.entries.read(fromSequence, count);
  }

  verify(): Promise<JournalVerdict> {
    return this.deps.entries.verify();
  }

  onEntry(listener: (entry: Entry) => void): () => void {
    return this.deps.onEntry(listener);
  }
}
