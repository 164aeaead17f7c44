// What a snapshot passes over is verified afterwards, so that the whole chain is still recomputed whenever
// somebody begins to lead a partition: only that nobody waits for it.
//
// Invariants:
//   B1. It takes a small share of the time of whoever serves the machines meanwhile.
//   B2. Entries that were altered are told, the snapshot is thrown away, and the partition is not led any
//       more: whoever opens it next reads everything, and refuses it.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { genesis, verifyChain, type Head } from '../journal/chain.js';
import type { Journal } from '../journal/journal.js';
import { AuditBrokenError } from './entry-log.loop.js';
import type { SnapshotStore } from './partition-fold.loop.js';

/** About 20 ms of work, once a second: a journal of 300,000 entries takes ten minutes. */
const PAGE = 500;
const PAGE_EVERY_MS = 1_000;
/** Reads that failed one after the other. The next leader tries again. */
const TRIES_MAX = 60;

export function verifyBehind(deps: {
  readonly journal: Pick<Journal, 'read'>;
  readonly store: SnapshotStore;
  /** The last entry that was passed over. */
  readonly snapshot: Head;
  readonly clock: Clock;
  readonly log: Log;
  readonly onBroken: (error: Error) => void;
}): Closeable {
  const { journal, store, snapshot, clock, log, onBroken } = deps;
  let at = genesis;
  let failureCount = 0;
  let closed = false;
  let cancel: CancelTimer = clock.after(PAGE_EVERY_MS, next);

  function next(): void {
    verifyPage()
      .then(() => {
        failureCount = 0;
      })
      .catch((error: unknown) => {
        failureCount += 1;
        if (closed || failureCount < TRIES_MAX) return;
        log.warn({ err: error, upTo: at.sequence }, 'what a snapshot passes over is not verified');
        closed = true;
      })
      .finally(() => {
        if (!closed) cancel = clock.after(PAGE_EVERY_MS, next);
      });
  }

  async function verifyPage(): Promise<void> {
    const left = snapshot.sequence - at.sequence;
    const page = await journal.read(at.sequence + 1, Math.min(PAGE, left));
    if (closed) return;
    const verdict = page.length === 0 ? missing(at) : verifyChain(at, page);
    if (verdict.kind === 'broken') {
      await refuse(verdict.why);
      return;
    }
    at = verdict.head;
    if (at.sequence < snapshot.sequence) return;
    closed = true;
    log.info({ upTo: at.sequence }, 'what the snapshot passes over is verified');
  }

  /** B2 */
  async function refuse(why: string): Promise<void> {
    closed = true;
    const error = new AuditBrokenError(why);
    log.fatal({ err: error }, 'what a snapshot passed over was altered');
    await store.forget().catch((failure: unknown) => {
      log.error({ err: failure }, 'the snapshot could not be thrown away');
    });
    onBroken(error);
  }

  return {
    close: () => {
      closed = true;
      cancel();
    },
  };
}

function missing({ sequence }: Head): { readonly kind: 'broken'; readonly why: string } {
  return { kind: 'broken', why: `entry ${String(sequence + 1)} is missing` };
}
