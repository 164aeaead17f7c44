// Places in groups in a KV bucket of NATS: one key for each group, changed by compare-and-swap, so that
// any number of orchestrators may give them.
//
// Invariants:
//   K1. Held is said only after a swap that went through, for whoever had the place already too: what
//       was read may be old.
//   K2. Attempts are bounded, in number and in time.
//   K3. Whoever deletes a key or the bucket frees no place (bucket.kv.ts): nobody gets one, or gives one
//       back, until those who have one stand there again.
//   K4. What is over by the time that it could be written is not written: who led a machine before would take
//       from it what whoever leads it now has got for it, or leave it a place that nobody gives back.

import type { JetStreamClient } from '@nats-io/jetstream';
import type { Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isConflict, openGroupsBucket } from './bucket.kv.js';
import type { GroupLock, Place } from './group-lock.js';
import { UnreadableError } from './semaphore.wire.js';
import { acquire, release, type Semaphore } from './semaphore.js';

/** Fifty that come at once need at most fifty rounds; a few more for those of other orchestrators. */
const TRIES_MAX = 200;
const TURN_MS_MAX = 10_000;
const PAUSE_MS_MAX = 20;

/** After a bucket was made: half of what a turn may take. */
export const SETTLE_MS = 5_000;

const notOver = (): boolean => false;

export interface GroupLockDeps {
  readonly js: JetStreamClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly pause: (ms: number) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
  /** How many of a group may have a place at once. */
  readonly placesOf: (group: string) => number;
  /** Copies of a bucket that is made. */
  readonly replicaCount: number;
  /** How long places are not given in a bucket that was made anew (K3). */
  readonly settleMs: number;
}

export async function openGroupLock(deps: GroupLockDeps): Promise<GroupLock & Closeable> {
  const { clock, log } = deps;
  const bucket = await openGroupsBucket(deps);

  /** @param step what to write, if anything, and what that comes to */
  async function turn<T>(
    group: string,
    step: (semaphore: Semaphore) => { readonly write?: Semaphore; readonly result: T },
  ): Promise<T> {
    const endsAtMs = clock.now().monotonicMs + TURN_MS_MAX;
    for (let tries = 1; ; tries += 1) {
      try {
        const unsettledMs = bucket.unsettledMs();
        if (unsettledMs > 0) await deps.pause(unsettledMs); // K3
        const { semaphore, revision } = await bucket.read(group);
        const { write, result } = step(semaphore);
        if (write !== undefined) await bucket.swap(group, write, revision);
        return result;
      } catch (error) {
        if (error instanceof UnreadableError) throw error;
        if (tries >= TRIES_MAX || clock.now().monotonicMs > endsAtMs) throw error; // K2
        if (!isConflict(error)) {
          log.warn({ err: error }, 'the groups are out of reach; they are looked at again');
          await bucket.look();
        }
        await deps.pause(deps.random() * PAUSE_MS_MAX);
      }
    }
  }

  return {
    acquire: (group, id, isOver = notOver) => {
      const held = turn<Place>(group, (semaphore) => {
        if (isOver()) return { result: { kind: 'refused', ...semaphore } }; // K4
        const asked = { id, max: deps.placesOf(group), nowMs: clock.now().wallMs };
        const { kind, semaphore: next } = acquire(semaphore, asked);
        const result = kind === 'held' ? { kind } : { kind, ...next };
        return kind === 'held' ? { write: next, result } : { result }; // K1
      });
      return within(held, TURN_MS_MAX, `the place of ${id} in ${group}`);
    },
    holders: (group) => {
      const found = bucket.read(group).then(({ semaphore }) => semaphore.holders);
      return within(found, TURN_MS_MAX, `who has a place in ${group}`);
    },
    release: (group, id, isOver = notOver) => {
      const released = turn(group, (semaphore) => {
        const next = isOver() ? semaphore : release(semaphore, id); // K4
        return next === semaphore ? { result: undefined } : { write: next, result: undefined };
      });
      return within(released, TURN_MS_MAX, `releasing the place of ${id} in ${group}`);
    },
    close: () => bucket.close(),
  };
}
