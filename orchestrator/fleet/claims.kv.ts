// Claims of orchestrators, in a bucket of the server's memory, and what is heard of them: to be there, and to
// lead a partition. They may all be lost.
//
// Invariants:
//   C1. A bucket that is gone, as after a restart of the server, is made again. One that nobody leads just
//       now, as while servers of a cluster agree on who does, is not gone.
//   C2. Whoever does not hear its own word, which it says all the time, hears nobody's. Until it has heard the
//       others again for as long as a claim holds, none of theirs counts as expired.
//   C3. What is heard comes through one server. Where that is gone while the others answer, it is listened to
//       anew.
//   C4. Whoever says that it is there says which start of it that is. What was said in its name before it said
//       so itself is of a start before; what is said afterwards is of one that was started later.

import { randomBytes } from 'node:crypto';
import { Kvm, type KV } from '@nats-io/kv';
import { StorageType } from '@nats-io/jetstream';
import { LEASES_BUCKET } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isConflict } from '../groups/bucket.kv.js';
import { watchBucket } from '../groups/watch.kv.js';
import { hasNobody } from '../journal/reach.jetstream.js';
import { isMissing } from '../journal/stream.jetstream.js';
import { EXPIRED_MS, type Claim } from './shares.js';

const CALL_MS_MAX = 2_000;
/** Servers of a cluster agree on it first. */
const MAKE_MS_MAX = 10_000;
/** C3. More than a server needs to hand on what it was told a moment ago. */
const UNHEARD_MS = 2_000;
/** The revision of what is not in the bucket. */
export const NEVER_CLAIMED = 0;

interface Seen {
  readonly owner: string;
  readonly revision: number;
  readonly atMs: number;
  /** Since when it has been heard without a gap in which it had expired. */
  readonly sinceMs: number;
}

export interface Claims extends Closeable {
  /** Those to be there, or to lead; by whom or what is claimed. */
  readonly members: () => ReadonlyMap<string, Claim>;
  readonly leads: () => ReadonlyMap<string, Claim>;
  /** As it was heard last. */
  readonly leadSeen: (partition: string) => Pick<Seen, 'owner' | 'revision'> | undefined;
  /** @param revision that it has to have still. @returns its new one. */
  readonly putLead: (partition: string, owner: string, revision: number) => Promise<number>;
  /** @returns whether the bucket was made again (C1): nothing that was claimed is in it. */
  readonly sayThatIAmThere: () => Promise<boolean>;
  /** Otherwise it expires. */
  readonly sayThatIAmGone: () => Promise<void>;
  /** C2. Whether a claim that seems to have expired has. */
  readonly canTellExpired: () => boolean;
  /** C4. Whether another one that goes by our name was started later, and is there. */
  readonly isReplaced: () => boolean;
}

interface Opened {
  readonly bucket: KV;
  readonly stopWatching: () => void;
}

export async function openClaims(deps: {
  readonly nats: Nats;
  readonly self: string;
  /** Copies of a bucket that is made. */
  readonly replicaCount: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Another one has given something back, or is gone. */
  readonly onGivenBack: () => void;
}): Promise<Claims> {
  const { self, clock, log } = deps;
  const ownKey = `member.${self}`;
  /** C4 */
  const start = randomBytes(8).toString('hex');
  let saidRevision = Number.POSITIVE_INFINITY;
  const seen = new Map<string, Seen>();
  let deafAtMs = Number.NEGATIVE_INFINITY;
  let listenedAnewAtMs = Number.NEGATIVE_INFINITY;
  let listening = false;
  let closed = false;
  let opened = await open();

  async function open(): Promise<Opened> {
    const made = new Kvm(deps.nats.connection).create(LEASES_BUCKET, {
      storage: StorageType.Memory,
      history: 1,
      replicas: deps.replicaCount,
    });
    return await watch(await within(made, MAKE_MS_MAX, 'the bucket of leases'));
  }

  /** Everything that stands in it, and then whatever happens. */
  async function watch(bucket: KV): Promise<Opened> {
    const heard = await watchBucket(bucket, 'watching the leases');
    void (async () => {
      for await (const { key, value, revision, operation } of heard) {
        const owner = operation === 'PUT' ? Buffer.from(value).toString() : '';
        const before = seen.get(key);
        const isGivenBack = owner === '' && before?.owner !== self;
        const atMs = clock.now().monotonicMs;
        const isKeptUp = before?.owner === owner && atMs - before.atMs < EXPIRED_MS;
        seen.set(key, { owner, revision, atMs, sinceMs: isKeptUp ? before.sinceMs : atMs });
        if (isGivenBack) deps.onGivenBack();
      }
    })();
    return {
      bucket,
      stopWatching: () => {
        heard.stop();
      },
    };
  }

  function claimsOf(prefix: string): Map<string, Claim> {
    const nowMs = clock.now().monotonicMs;
    return new Map(
      [...seen].flatMap(([key, { owner, atMs, sinceMs }]): [string, Claim][] => {
        const claim = { owner, unchangedForMs: nowMs - atMs, keptUpForMs: nowMs - sinceMs };
        return key.startsWith(prefix) ? [[key.slice(prefix.length), claim]] : [];
      }),
    );
  }

  /** Writes a claim. @param revision that it has to have still: 0, none; undefined: whichever. */
  function put(key: string, value: string, revision: number | undefined): Promise<number> {
    const options = revision === undefined ? {} : { previousSeq: revision };
    return within(opened.bucket.put(key, value, options), CALL_MS_MAX, 'a lease');
  }

  /** C1 */
  async function isBucketGone(): Promise<boolean> {
    try {
      await within(opened.bucket.status(), CALL_MS_MAX, 'the state of the leases');
      return false;
    } catch (error) {
      if (isMissing(error)) return true;
      log.debug({ err: error }, 'nobody leads the bucket of leases');
      return false;
    }
  }

  async function openAgain(): Promise<void> {
    opened.stopWatching();
    seen.clear();
    saidRevision = Number.POSITIVE_INFINITY;
    opened = await open();
    deafAtMs = clock.now().monotonicMs;
    log.warn('the bucket of leases was gone, and was made again');
  }

  /** C2, C3. @param isReached whether the bucket has answered just now. */
  function noticeDeafness(isReached: boolean): void {
    const nowMs = clock.now().monotonicMs;
    const own = seen.get(ownKey);
    if (own === undefined || nowMs - own.atMs < EXPIRED_MS) return;
    deafAtMs = nowMs;
    if (isReached && nowMs - own.atMs >= UNHEARD_MS) void listenAnew();
  }

  /** C3. Nobody waits for it: what is led has to be renewed meanwhile. */
  async function listenAnew(): Promise<void> {
    const before = opened;
    if (listening || clock.now().monotonicMs - listenedAnewAtMs < UNHEARD_MS) return;
    listening = true;
    try {
      const anew = await watch(before.bucket);
      if (opened !== before || closed) anew.stopWatching();
      else {
        before.stopWatching();
        opened = anew;
        log.warn('the leases were not heard any more, and are listened to anew');
      }
    } catch (error) {
      log.debug({ err: error }, 'the leases cannot be listened to just now');
    } finally {
      listening = false;
      listenedAnewAtMs = clock.now().monotonicMs;
    }
  }

  return {
    members: () => claimsOf('member.'),
    leads: () => claimsOf('lead.'),
    leadSeen: (partition) => seen.get(`lead.${partition}`),
    putLead: (partition, owner, revision) => put(`lead.${partition}`, owner, revision),
    sayThatIAmThere: async () => {
      let isReached = true;
      try {
        saidRevision = await put(ownKey, start, seen.get(ownKey)?.revision);
      } catch (error) {
        if (hasNobody(error) && (await isBucketGone())) {
          await openAgain();
          return true;
        }
        isReached = isConflict(error);
        log.debug({ err: error }, 'the others cannot be told that this orchestrator is there');
      }
      noticeDeafness(isReached);
      return false;
    },
    sayThatIAmGone: () => opened.bucket.delete(ownKey).catch(() => undefined),
    canTellExpired: () => clock.now().monotonicMs - deafAtMs >= EXPIRED_MS,
    isReplaced: () => {
      const own = seen.get(ownKey);
      if (own === undefined || own.owner === '' || own.owner === start) return false;
      return own.revision > saidRevision && clock.now().monotonicMs - own.atMs < EXPIRED_MS;
    },
    close: () => {
      closed = true;
      opened.stopWatching();
    },
  };
}
