// Places in groups in a KV bucket of NATS: one key for each group, changed by compare-and-swap, so that
// any number of orchestrators may give them.
//
// Invariants:
//   K1. Held is said only after a swap that went through, for whoever had the place already too: what
//       was read may be old.
//   K2. Attempts are bounded, in number and in time.
//   K3. Whoever deletes a key or the bucket frees no place that is known here: its holders as they were
//       last seen are put back.

import { JetStreamApiCodes, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import { z } from 'zod';
import { GROUPS_BUCKET } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { GroupLock, Place } from './group-lock.js';
import { acquire, empty, release, type Semaphore } from './semaphore.js';

/** Fifty that come at once need at most fifty rounds; a few more for those of other orchestrators. */
const TRIES_MAX = 200;
const TURN_MS_MAX = 10_000;
const PAUSE_MS_MAX = 20;
/** Some ten thousand groups: whoever invents names fills no disk. */
const BUCKET_BYTES_MAX = 64 * 1024 * 1024;
/** Groups whose holders are remembered for K3. */
const SEEN_MAX = 1_024;

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
}

const semaphoreSchema = z.object({
  max: z.number().int().nonnegative(),
  holders: z.array(z.object({ id: z.string(), sinceMs: z.number() })),
});

interface Read {
  readonly semaphore: Semaphore;
  /** Of the key; 0: it is not there. */
  readonly revision: number;
}

export async function openGroupLock(deps: GroupLockDeps): Promise<GroupLock> {
  const { js, clock, log } = deps;
  const lastSeen = new Map<string, Semaphore>();
  // Reads go to the leader of the bucket: a copy that is behind could hide that somebody has a place.
  const settings = { history: 1, allow_direct: false, max_bytes: BUCKET_BYTES_MAX };
  const open = (): Promise<KV> =>
    new Kvm(js).create(GROUPS_BUCKET, { ...settings, replicas: deps.replicaCount });
  let bucket = await open();

  async function read(group: string): Promise<Read> {
    const entry = await bucket.get(keyOf(group));
    const revision = entry?.revision ?? 0;
    if (entry?.operation === 'PUT') {
      const semaphore = semaphoreSchema.parse(JSON.parse(entry.string()));
      remember(group, semaphore);
      return { semaphore, revision };
    }
    const before = lastSeen.get(group);
    if (before !== undefined && before.holders.length > 0) {
      log.warn({ group, holders: before.holders }, 'a group was deleted: its holders are put back');
    }
    return { semaphore: before ?? empty, revision }; // K3
  }

  async function swap(group: string, to: Semaphore, revision: number): Promise<void> {
    const [key, value] = [keyOf(group), JSON.stringify(to)];
    await (revision === 0 ? bucket.create(key, value) : bucket.update(key, value, revision));
    remember(group, to);
  }

  function remember(group: string, semaphore: Semaphore): void {
    lastSeen.delete(group);
    lastSeen.set(group, semaphore);
    const [oldest] = lastSeen.keys();
    if (lastSeen.size > SEEN_MAX && oldest !== undefined) lastSeen.delete(oldest);
  }

  /** @param step what to write, if anything, and what that comes to */
  async function turn<T>(
    group: string,
    step: (semaphore: Semaphore) => { readonly write?: Semaphore; readonly result: T },
  ): Promise<T> {
    const endsAtMs = clock.now().monotonicMs + TURN_MS_MAX;
    for (let tries = 1; ; tries += 1) {
      try {
        const { semaphore, revision } = await read(group);
        const { write, result } = step(semaphore);
        if (write !== undefined) await swap(group, write, revision);
        return result;
      } catch (error) {
        if (error instanceof z.ZodError || error instanceof SyntaxError) throw unreadable(group);
        if (tries >= TRIES_MAX || clock.now().monotonicMs > endsAtMs) throw error; // K2
        if (!isConflict(error)) bucket = await reopened(error);
        await deps.pause(deps.random() * PAUSE_MS_MAX);
      }
    }
  }

  /** The bucket may have been deleted; a server out of reach is what it is. */
  async function reopened(cause: unknown): Promise<KV> {
    log.warn({ err: cause }, 'the groups are out of reach: they are opened anew');
    return await open();
  }

  return {
    acquire: (group, id) => {
      const held = turn(group, (semaphore) => {
        const asked = { id, max: deps.placesOf(group), nowMs: clock.now().wallMs };
        const { kind, semaphore: next } = acquire(semaphore, asked);
        const result: Place = kind === 'held' ? { kind } : { kind, ...next };
        return kind === 'held' ? { write: next, result } : { result }; // K1
      });
      return within(held, TURN_MS_MAX, `the place of ${id} in ${group}`);
    },
    holders: (group) => {
      const found = turn(group, ({ holders }) => ({ result: holders }));
      return within(found, TURN_MS_MAX, `who has a place in ${group}`);
    },
    release: (group, id) => {
      const released = turn(group, (semaphore) => {
        const next = release(semaphore, id);
        return next === semaphore ? { result: undefined } : { write: next, result: undefined };
      });
      return within(released, TURN_MS_MAX, `releasing the place of ${id} in ${group}`);
    },
  };
}

/** Any name as a key: what a key may not hold, and what would part it, by its number. */
function keyOf(group: string): string {
  const bytes = [...Buffer.from(group)].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).padStart(2, '0')}`;
  });
  return bytes.length === 0 ? '=' : bytes.join('');
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}

function unreadable(group: string): Error {
  return new Error(
    `what stands in ${GROUPS_BUCKET} for the group ${group} is no semaphore: delete the key ${keyOf(group)} when nobody has a place`,
  );
}
