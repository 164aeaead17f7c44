// The bucket of NATS in which the places of groups are kept, one key for each group. Somebody may delete it
// under way; whoever had a place has it still.
//
// Invariants:
//   B1. Whoever has it open knows who has a place in every group, as anybody said last.
//   B2. Who had a place when a key, or the bucket, was deleted is put back by everybody who knows.
//   B3. A bucket that was made a moment ago is not settled: others have yet to put back whom they know
//       of, and nobody gets a place, or gives one back, before they have had the time.
//   B4. What is said comes through one server. Where that is gone while the others answer, it is listened to
//       anew, before B1 has been untrue for long.

import { JetStreamApiCodes, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { Kvm, type KV, type KvWatchEntry } from '@nats-io/kv';
import { GROUPS_BUCKET } from '../../proto/subjects.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isMissing } from '../journal/stream.jetstream.js';
import { identityOf } from './bucket-identity.kv.js';
import { knownPlaces, type Read } from './known-places.js';
import { keyOf, semaphoreIn } from './semaphore.wire.js';
import { empty, putBack, type Semaphore } from './semaphore.js';
import { unheard, type Unheard } from './unheard.js';
import { hearBucket } from './watch.kv.js';

/** Some ten thousand groups: whoever invents names fills no disk. */
const BUCKET_BYTES_MAX = 64 * 1024 * 1024;
const CALL_MS_MAX = 5_000;
/** B3: looks that everybody has taken by then. */
const LOOKS_TO_SETTLE = 5;
/** B4: so many looks take longer than a server needs to hand on what it was told. */
const LOOKS_UNHEARD = 2;
const PUT_BACK_TRIES_MAX = 50;

/** What stands there; no semaphore: nothing, or that it was deleted. */
type Found = Partial<Read> & Pick<Read, 'revision'>;

export interface GroupsBucket extends Closeable {
  /** How long it still takes until places are given, ms; 0: they are (B3). */
  readonly unsettledMs: () => number;
  readonly read: (group: string) => Promise<Read>;
  /** @param revision that it has to have still. @throws JetStreamApiError where it has another one */
  readonly swap: (group: string, to: Semaphore, revision: number) => Promise<void>;
  /** Whether it is still the one that was opened; one that is gone is made again. */
  readonly look: () => Promise<void>;
}

interface Opened {
  readonly bucket: KV;
  /** When it was made, as the server tells it: a name of this very bucket. */
  readonly created: string;
  readonly settledAtMs: number;
  stopWatching: () => void;
}

export async function openGroupsBucket(deps: {
  readonly js: JetStreamClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Copies of one that is made. */
  readonly replicaCount: number;
  /** How long everybody has to put back whom they know of (B3). */
  readonly settleMs: number;
}): Promise<GroupsBucket> {
  const { js, clock, log, replicaCount, settleMs } = deps;
  const lookEveryMs = settleMs / LOOKS_TO_SETTLE;
  const jsm = await js.jetstreamManager();
  const known = knownPlaces(); // B1
  const hearAnew = (): Unheard => unheard(LOOKS_UNHEARD * lookEveryMs);
  let hearing = hearAnew();
  let opened = await open();
  /** While it is made again nobody is known, and nothing that is read counts (B3). */
  let reopening = false;
  let looking: Promise<void> | undefined;
  let listening: Promise<void> | undefined;
  let cancel: CancelTimer = () => undefined;
  let closed = false;

  async function open(): Promise<Opened> {
    // Reads go to the leader of the bucket: a copy that is behind could hide that somebody has a place.
    const settings = { history: 1, allow_direct: false, max_bytes: BUCKET_BYTES_MAX };
    const create = new Kvm(js).create(GROUPS_BUCKET, { ...settings, replicas: replicaCount });
    const bucket = await within(create, CALL_MS_MAX, 'the bucket of groups');
    const { created, ageMs, lastRevision } = await identityOf(jsm);
    const settledAtMs = clock.now().monotonicMs + Math.max(0, settleMs - ageMs);
    return { bucket, created, settledAtMs, stopWatching: await watch(bucket, lastRevision) };
  }

  /** Resolves when everything was heard that had been said, up to this revision. */
  async function watch(bucket: KV, lastRevision: number): Promise<() => void> {
    const mine = hearing;
    const stop = await hearBucket(bucket, 'the groups', (entry) => {
      if (mine === hearing) hear(entry); // And not of a bucket that is gone.
    });
    mine.heard(lastRevision);
    return stop;
  }

  function hear(entry: KvWatchEntry): void {
    const { key, operation, revision } = entry;
    const before = known.get(key);
    hearing.heard(revision);
    if (operation === 'PUT') {
      try {
        known.remember(key, { semaphore: semaphoreIn(entry.string(), key), revision });
      } catch (error) {
        log.error({ err: error }, 'a group cannot be read'); // Nobody is known by it.
      }
    } else if (before !== undefined && before.semaphore.holders.length > 0) {
      // Over nothing but what was deleted: whoever wrote since knew who had a place.
      swapKey(opened.bucket, key, before.semaphore, revision).catch((error: unknown) => {
        if (!isConflict(error)) log.error({ err: error, group: key }, 'a group was deleted');
      });
    }
  }

  /** B2, for one group: beside whomever others have put back. */
  async function restore(bucket: KV, key: string, lost: Semaphore): Promise<void> {
    try {
      for (let tries = 1; tries <= PUT_BACK_TRIES_MAX; tries += 1) {
        const { semaphore = empty, revision } = await readKey(bucket, key);
        const next = putBack(semaphore, lost);
        if (next === semaphore) return;
        try {
          await swapKey(bucket, key, next, revision);
          log.error({ group: key, ...lost }, 'a group was deleted: who has a place is put back');
          return;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
      throw new Error('others write it all the time');
    } catch (error) {
      log.error({ err: error, group: key, lost }, 'places that were deleted could not be put back');
    }
  }

  async function swapKey(bucket: KV, key: string, to: Semaphore, revision: number): Promise<void> {
    const swapped = await bucket.put(key, JSON.stringify(to), { previousSeq: revision });
    known.remember(key, { semaphore: to, revision: swapped });
  }

  async function reopen(): Promise<void> {
    opened.stopWatching();
    reopening = true;
    const lost = known.takeAll();
    hearing = hearAnew();
    try {
      opened = await open();
    } catch (error) {
      known.giveBack(lost);
      throw error;
    } finally {
      reopening = false;
    }
    log.error('the bucket of groups was deleted, and was made again; nobody gets a place yet');
    // Whoever comes so late that others were given places meanwhile knows what was, and not what is.
    if (opened.settledAtMs <= clock.now().monotonicMs) return;
    for (const [key, { semaphore }] of lost) {
      if (semaphore.holders.length > 0) await restore(opened.bucket, key, semaphore);
    }
  }

  async function lookOnce(): Promise<void> {
    const found = await identityOf(jsm).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found?.created !== opened.created) await reopen();
    else if (hearing.misses(found.lastRevision, clock.now().monotonicMs)) {
      listening ??= listenAnew(found.lastRevision).finally(() => {
        listening = undefined;
      });
    }
  }

  /** B4. Nobody waits for it: the bucket may be deleted meanwhile. Does not reject. */
  async function listenAnew(lastRevision: number): Promise<void> {
    const before = opened;
    try {
      const stopWatching = await watch(before.bucket, lastRevision);
      if (opened !== before || closed) {
        stopWatching();
        return;
      }
      before.stopWatching();
      before.stopWatching = stopWatching;
      log.warn('the groups were not heard any more, and are listened to anew');
    } catch (error) {
      log.debug({ err: error }, 'the groups cannot be listened to just now');
    }
  }

  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  function again(): void {
    cancel = clock.after(lookEveryMs, () => {
      void look()
        .catch((error: unknown) => {
          log.debug({ err: error }, 'the groups are out of reach');
        })
        .then(() => {
          if (!closed) again();
        });
    });
  }
  again();

  return {
    unsettledMs: () => Math.max(0, opened.settledAtMs - clock.now().monotonicMs),
    read: async (group) => {
      const key = keyOf(group);
      const from = opened;
      const { semaphore, revision } = await readKey(from.bucket, key);
      if (reopening || opened !== from) throw new Error('the groups are being made again'); // B3
      if (semaphore !== undefined) known.remember(key, { semaphore, revision });
      return { semaphore: semaphore ?? known.get(key)?.semaphore ?? empty, revision }; // B2
    },
    swap: (group, to, revision) => swapKey(opened.bucket, keyOf(group), to, revision),
    look,
    close: () => {
      closed = true;
      cancel();
      opened.stopWatching();
    },
  };
}

async function readKey(bucket: KV, key: string): Promise<Found> {
  const entry = await bucket.get(key);
  const revision = entry?.revision ?? 0;
  if (entry?.operation !== 'PUT') return { revision };
  return { semaphore: semaphoreIn(entry.string(), key), revision };
}

/** Another one has swapped since it was read. */
export function isConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}
