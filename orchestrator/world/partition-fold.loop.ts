// Opens the journal of a partition with its fold: from a snapshot, where the journal bears it out, and
// otherwise from its first entry.
//
// Invariants:
//   Q1. A snapshot is never believed over the journal. It is used when an entry after it names its digest,
//       and when the chain goes on from its head; otherwise it is thrown away, the log says why, and
//       everything is read. So it can be deleted, lost, damaged or old at any time.
//   Q2. Nothing that is wrong with a snapshot keeps a journal from being opened.

import { createHash } from 'node:crypto';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { genesis, type Entry, type Head } from '../journal/chain.js';
import { JournalError, type Journal } from '../journal/journal.js';
import type { Policy } from '../policy/policy.js';
import { openEntryLog, type EntryLog } from './entry-log.loop.js';
import { emptyFold, foldInto, type PartitionFold } from './partition-fold.js';
import { SnapshotError } from './snapshot-world.js';
import { unpackSnapshot } from './snapshot-pack.loop.js';
import type { Snapshot } from './snapshot.js';

/** Where the latest snapshot of a partition is kept. */
export interface SnapshotStore {
  /** Undefined: there is none. */
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  forget(): Promise<void>;
}

export interface FoldedJournal {
  readonly entries: EntryLog;
  /** In step with `entries`. */
  readonly fold: PartitionFold;
  /** The last entry of the snapshot that it was opened from; none: it was read whole. */
  readonly snapshot: Head;
}

interface FoldDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly retry: () => Policy['retry'];
  /** Absent: there are no snapshots. */
  readonly snapshots?: SnapshotStore;
  /** Called with each entry after it was folded. */
  readonly onFolded: (entry: Entry) => void;
  readonly log: Log;
}

interface Found {
  readonly snapshot: Snapshot;
  readonly sha256: string;
}

export async function openFoldedJournal(deps: FoldDeps): Promise<FoldedJournal> {
  const opened = await openSomehow(deps);
  const [after, upTo] = [opened.snapshot.sequence, opened.entries.head.sequence];
  deps.log.info({ after, upTo }, 'a journal was read');
  return opened;
}

async function openSomehow(deps: FoldDeps): Promise<FoldedJournal> {
  const { log } = deps;
  try {
    const found = await findSnapshot(deps);
    if (found !== undefined) return await goOnFrom(found, deps);
  } catch (error) {
    if (error instanceof JournalError) throw error;
    log.warn(
      { why: (error as Error).message },
      'the snapshot is not used; the journal is read from its first entry on',
    ); // Q2
  }
  const fold = emptyFold(deps.retry());
  const entries = await openEntryLog({ ...deps, fold: folding(fold, deps) });
  return { entries, fold, snapshot: genesis };
}

async function findSnapshot({ journal, retry, snapshots }: FoldDeps): Promise<Found | undefined> {
  const bytes = await snapshots?.read();
  if (bytes === undefined) return undefined;
  const snapshot = await unpackSnapshot(bytes, retry());
  const { sequence } = snapshot.head;
  const end = (await journal.head()).sequence;
  if (sequence >= end) {
    const [its, last] = [String(sequence), String(end)];
    throw new SnapshotError(`it is of entry ${its}, and the journal ends with ${last}`);
  }
  return { snapshot, sha256: digestOf(bytes) };
}

/** Q1. @throws whatever stands in the way. */
async function goOnFrom({ snapshot, sha256 }: Found, deps: FoldDeps): Promise<FoldedJournal> {
  const { head, fold } = snapshot;
  const foldOne = folding(fold, deps);
  let isBorneOut = false as boolean; // By an entry that is read below.
  const entries = await openEntryLog({
    ...deps,
    from: head,
    fold: (entry) => {
      foldOne(entry);
      const { fact } = entry;
      if (fact.kind !== 'snapshot.taken') return;
      isBorneOut ||= fact.sequence === head.sequence && fact.sha256 === sha256;
    },
  });
  if (!isBorneOut) throw new SnapshotError('no entry of the journal names its digest');
  return { entries, fold, snapshot: head };
}

function folding(fold: PartitionFold, { retry, onFolded }: FoldDeps): (entry: Entry) => void {
  return (entry) => {
    foldInto(fold, entry, retry());
    onFolded(entry);
  };
}

/** Hexadecimal sha256 of a snapshot as it is kept. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
