// Takes a snapshot of a partition now and then, so that whoever leads it next need not read its journal
// from the first entry on.
//
// Invariants:
//   K1. The journal says that a snapshot was taken before it is stored. So an older leader, which cannot
//       write any more, stores none; and every one that is stored is borne out, whenever its maker dies.
//   K2. It is taken when nothing happens, or when too much has happened since the last one; one at a time,
//       and in slices.
//   K3. One that cannot be taken is told, and the next one is as far away as after one that was.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { digestOf, type FoldedJournal, type SnapshotStore } from './partition-fold.loop.js';
import { packSnapshot } from './snapshot-pack.loop.js';
import { frozen } from './snapshot.js';

/** What is read after a snapshot at the least: some 50 ms of a takeover. */
export const ENTRIES_MIN = 2_000;
/** So many are not waited with for a moment in which nothing happens. */
const ENTRIES_MAX = 8_000;
const CALM_MS = 1_000;

export function keepSnapshots(deps: {
  readonly journal: FoldedJournal;
  readonly store: SnapshotStore;
  readonly clock: Clock;
  readonly log: Log;
}): Closeable {
  const { store, clock, log } = deps;
  const { entries, fold, snapshot } = deps.journal;
  let lastSequence = snapshot.sequence;
  let sequence = entries.head.sequence;
  let lastEntryAtMs = Number.NEGATIVE_INFINITY;
  /** Of the next look; undefined: nothing to look for, or one is being taken. */
  let cancel: CancelTimer | undefined;
  let isTaking = false;
  let closed = false;

  function wait(): void {
    if (closed || isTaking || cancel !== undefined) return;
    if (sequence - lastSequence < ENTRIES_MIN) return;
    cancel = clock.after(CALM_MS, look);
  }

  function look(): void {
    cancel = undefined;
    const isCalm = clock.now().monotonicMs - lastEntryAtMs >= CALM_MS;
    const isOverdue = sequence - lastSequence >= ENTRIES_MAX;
    if ((isCalm || isOverdue) && !entries.isFull) void take();
    else wait();
  }

  /** K2. Resolves in any case. */
  async function take(): Promise<void> {
    isTaking = true;
    const { head } = entries;
    lastSequence = head.sequence; // K3
    try {
      if (fold.retry === undefined) {
        log.info('no snapshot: the policy has changed since the journal was opened');
        return;
      }
      const bytes = await packSnapshot({ head, fold: frozen(fold) });
      if (closed) return;
      const [sha256, sizeBytes] = [digestOf(bytes), bytes.length];
      await entries.append([
        { kind: 'snapshot.taken', sequence: head.sequence, sha256, sizeBytes },
      ]); // K1
      await store.write(bytes);
      log.info({ sequence: head.sequence, sizeBytes }, 'a snapshot was taken');
    } catch (error) {
      if (!closed) log.warn({ err: error }, 'no snapshot could be taken'); // K3
    } finally {
      isTaking = false;
      wait();
    }
  }

  const stop = entries.onEntry((entry) => {
    sequence = entry.sequence;
    lastEntryAtMs = clock.now().monotonicMs;
    wait();
  });
  wait();
  return {
    close: () => {
      closed = true;
      cancel?.();
      stop();
    },
  };
}
