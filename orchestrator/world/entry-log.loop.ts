// The entry log: a journal that is open, its chain, and what is to be written next.
//
// Invariants:
//   L1. `fold` is given an entry only when it is durable.
//   L2. Entries are folded in the order of their sequence; `append` resolves after its own were.
//   L3. When the journal has failed, no later append succeeds: whoever needs a durable fact stops. The same when
//       an entry cannot be folded: nothing is decided on a world that lacks what the journal says.

import type { Log } from '../../runtime/log.js';
import type { Clock } from '../../runtime/clock.js';
import {
  chainEntry,
  genesis,
  verifyChain,
  type Entry,
  type Head,
  type StoredEntry,
} from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { isKnownKind } from '../journal/fact-kinds.js';
import { refuseTooLarge } from '../journal/fact-size.js';
import { JournalBusyError, JournalError, type Journal } from '../journal/journal.js';
import { countEntry } from './figures.loop.js';
import { oneAtATime } from './one-at-a-time.loop.js';
import { tell, type EntryListener } from './tell.loop.js';
import { verifyJournal, type JournalVerdict } from './verify-journal.loop.js';

/** Entries read from the journal in one go. */
const PAGE = 1_000;
/** Appends stored in one transaction, and appends waiting for it, at the most. */
const BATCH_MAX = 256;
const QUEUE_MAX = 4_096;
/** Restraints that wait beyond that: more than people can say while a disk is full. */
export const RESTRAINTS_MAX = 256;
const FULL_DISK_RETRY_MS = 2_000;
/** For the log, and for whoever asks how it is. */
export const JOURNAL_FULL = 'the disk of the journal is full; nothing starts until there is space';

interface Pending {
  readonly entries: readonly Entry[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface EntryLog {
  /** Of what is durable. */
  readonly head: Head;
  /** The sequence of the last entry that was appended, durable or not. */
  readonly written: number;
  /** Whether what is appended waits for room on the journal's disk. */
  readonly isFull: boolean;
  readonly append: (facts: readonly Fact[]) => Promise<void>;
  /** As `append`, with room where the queue is full for everything else. */
  appendRestraint(fact: Fact): Promise<void>;
  readonly read: (fromSequence: number, count: number) => Promise<readonly StoredEntry[]>;
  readonly verify: () => Promise<JournalVerdict>;
  /** Calls `listener` after each entry was folded; returns how to stop that. */
  onEntry(listener: EntryListener): () => void;
  /** Calls `listener` once when the journal has failed (L3). */
  readonly onBroken: (listener: (error: Error) => void) => void;
}

export class AuditBrokenError extends Error {
  readonly code = 'AUDIT_BROKEN';

  constructor(why: string) {
    super(
      `the journal does not verify: ${why}. Somebody or something changed it. Restore it from a backup, or move it away to start a new one.`,
    );
    this.name = 'AuditBrokenError';
  }
}

/** An entry that is durable, and of which nobody knows what follows. */
export class NotFoldedError extends Error {
  readonly code = 'NOT_FOLDED';

  constructor({ sequence, fact }: Entry, cause: unknown) {
    const which = `entry ${String(sequence)} of the journal ("${fact.kind}")`;
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `${which} cannot be folded: ${why}. That is a fault of Lull, and nothing is decided on what the journal says without it. Report it with this log; the version that ran before may still fold it.`,
      { cause },
    );
    this.name = 'NotFoldedError';
  }
}

/** @throws NotFoldedError */
export function folded(entry: Entry, fold: (entry: Entry) => void): void {
  try {
    fold(entry);
  } catch (error) {
    throw new NotFoldedError(entry, error);
  }
}

/** Reads the journal, verifies its chain and folds it. */
export async function openEntryLog(deps: {
  journal: Journal;
  clock: Clock;
  fold: (entry: Entry) => void;
  log: Log;
  /** Up to here it is known and folded already. Absent: from the first entry on. */
  from?: Head;
}): Promise<EntryLog> {
  const { journal, clock, fold, log } = deps;
  const listeners = new Set<EntryListener>([countEntry]);
  const brokenListeners = new Set<(error: Error) => void>();
  let durable = deps.from ?? genesis;
  for (;;) {
    const page = await journal.read(durable.sequence + 1, PAGE);
    if (page.length === 0) break;
    const verdict = verifyChain(durable, page);
    if (verdict.kind === 'broken') throw new AuditBrokenError(verdict.why);
    for (const stored of page) folded(parseEntry(stored), fold);
    durable = verdict.head;
  }
  let written = durable;
  let pumping = false;
  let broken: Error | undefined;
  let isFull = false;
  const queue: Pending[] = [];

  /** Stores what is queued, everything that has come meanwhile in one transaction, and folds it. */
  async function pump(): Promise<void> {
    pumping = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH_MAX);
      const entries = batch.flatMap((pending) => pending.entries);
      try {
        await storePatiently(entries.map(toStored));
        for (const entry of entries) {
          folded(entry, fold); // L1, L2
          durable = { sequence: entry.sequence, hash: entry.hash };
          tell(entry, listeners, log);
        }
      } catch (error) {
        broken = error as Error; // L3
        log.fatal({ err: error }, 'the journal goes no further; nothing is started any more');
        for (const { reject } of [...batch, ...queue.splice(0)]) reject(broken);
        for (const listener of brokenListeners) listener(broken);
        return;
      }
      for (const { resolve } of batch) resolve();
    }
    pumping = false; // In the same step as the look at the queue: no append can fall in between.
  }

  /** T19: a full disk is waited for. Nothing permissive happens meanwhile, because it awaits this. */
  async function storePatiently(entries: readonly StoredEntry[]): Promise<void> {
    for (;;) {
      try {
        await journal.append(entries);
        if (isFull) log.warn('the disk of the journal has room again');
        isFull = false;
        return;
      } catch (error) {
        if (!(error instanceof JournalError) || error.code !== 'NO_SPACE') throw error;
        if (!isFull) log.error(JOURNAL_FULL); // Once: the log may lie on the same disk.
        isFull = true;
        await new Promise<void>((resolve) => clock.after(FULL_DISK_RETRY_MS, resolve));
      }
    }
  }

  async function enqueue(facts: readonly Fact[], queueMax: number): Promise<void> {
    if (broken !== undefined) throw broken;
    if (queue.length >= queueMax) throw new JournalBusyError();
    const atMs = Math.round(clock.now().wallMs);
    let head = written;
    const entries = facts.map((fact) => {
      const entry = chainEntry(head, atMs, fact);
      refuseTooLarge(entry);
      head = { sequence: entry.sequence, hash: entry.hash };
      return entry;
    });
    written = head; // After all of them: a fact that cannot be written leaves no gap.
    await new Promise<void>((resolve, reject) => {
      queue.push({ entries, resolve, reject });
      if (!pumping) void pump();
    });
  }

  return {
    get head() {
      return durable;
    },
    get written() {
      return written.sequence;
    },
    get isFull() {
      return isFull;
    },
    append: (facts) => enqueue(facts, QUEUE_MAX),
    appendRestraint: (fact) => enqueue([fact], QUEUE_MAX + RESTRAINTS_MAX),
    read: (fromSequence, count) => journal.read(fromSequence, count),
    verify: oneAtATime(() => verifyJournal(journal, durable)), // Also what `from` has passed over.
    onEntry: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onBroken: (listener) => {
      if (broken === undefined) brokenListeners.add(listener);
      else listener(broken);
    },
  };
}

function toStored({ sequence, atMs, body, hash }: Entry): StoredEntry {
  return { sequence, atMs, body, hash };
}

/** @throws JournalError JOURNAL_NEWER: nothing is decided by a journal of which a part is not understood. */
export function parseEntry(stored: StoredEntry): Entry {
  const fact = JSON.parse(stored.body) as { readonly kind?: unknown };
  if (isKnownKind(fact.kind)) return { fact: fact as Fact, ...stored };
  const which = `entry ${String(stored.sequence)} of the journal is of a kind that this version does not know ("${String(fact.kind)}")`;
  throw new JournalError(
    'JOURNAL_NEWER',
    `${which}: a newer version of Lull wrote it, and what it forbids is not known here. Start a version that is as new.`,
  );
}
