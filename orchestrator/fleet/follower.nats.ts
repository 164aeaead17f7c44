// Following a journal that somebody else writes: every orchestrator has the fold of the fleet's.
//
// Invariant: F1. What was followed is a chain from its first entry on. One that is broken is said, and
// nothing is followed any more.

import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { FLEET_PARTITION } from '../../proto/subjects.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { DeadlineError, within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { genesis, verifyChain, type Entry, type Head } from '../journal/chain.js';
import { entriesIn } from '../journal/message.js';
import { STREAM, subjectOf } from '../journal/stream.jetstream.js';
import type { Policy } from '../policy/policy.js';
import { parseEntry } from '../world/entry-log.loop.js';
import { emptyWorld, foldEntry } from '../world/fold.js';
import type { World } from '../world/world.js';

const CATCH_UP_MS_MAX = 60_000;

export interface FleetFollower extends Closeable {
  /** What holds for every machine. */
  readonly world: World;
  readonly head: Head;
  /** From the first one on, in order. */
  readonly entries: readonly Entry[];
  readonly read: (fromSequence: number, count: number) => Promise<readonly Entry[]>;
  onEntry(listener: (entry: Entry) => void): () => void;
  /** Resolves when the entry of this sequence was followed. @throws DeadlineError */
  until(sequence: number, deadlineMs: number): Promise<void>;
}

/** Resolves when it has caught up. */
export async function followFleet(deps: {
  readonly js: JetStreamClient;
  readonly retry: () => Policy['retry'];
  readonly clock: Clock;
  readonly log: Log;
}): Promise<FleetFollower> {
  const { js, retry, clock, log } = deps;
  const world = emptyWorld();
  const entries: Entry[] = [];
  const listeners = new Set<(entry: Entry) => void>();
  let head = genesis;
  let broken = false;

  function hear(data: Uint8Array): void {
    if (broken) return;
    const stored = entriesIn(data).filter(({ sequence }) => sequence > head.sequence);
    const verdict = verifyChain(head, stored);
    if (verdict.kind === 'broken') {
      broken = true; // F1
      log.fatal({ why: verdict.why }, "the fleet's journal does not verify");
      return;
    }
    for (const entry of stored.map(parseEntry)) {
      head = { sequence: entry.sequence, hash: entry.hash };
      foldEntry(world, entry, retry());
      entries.push(entry);
      for (const listener of [...listeners]) listener(entry);
    }
  }

  const consumer = await js.consumers.get(STREAM, {
    filter_subjects: subjectOf(FLEET_PARTITION),
    deliver_policy: DeliverPolicy.All,
  });
  const { num_pending: pending } = await consumer.info();
  const messages = await consumer.consume();
  let caughtUp: () => void = () => undefined;
  const catchingUp = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  if (pending === 0) caughtUp();
  const following = (async () => {
    for await (const message of messages) {
      hear(message.data);
      if (message.info.pending === 0) caughtUp();
    }
  })().catch((error: unknown) => {
    log.error({ err: error }, "the fleet's journal is not followed any more");
  });
  const close = async (): Promise<void> => {
    await messages.close();
    await following;
  };
  try {
    await within(catchingUp, CATCH_UP_MS_MAX, "following the fleet's journal");
  } catch (error) {
    await close();
    throw error;
  }
  const onEntry: FleetFollower['onEntry'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    world,
    entries,
    get head() {
      return head;
    },
    read: (fromSequence, count) => {
      const from = Math.max(1, fromSequence) - 1; // There are no gaps (F1).
      return Promise.resolve(entries.slice(from, from + count));
    },
    onEntry,
    until: (sequence, deadlineMs) =>
      new Promise<void>((resolve, reject) => {
        let [cancel, stop]: [CancelTimer, () => void] = [() => undefined, () => undefined];
        const look = (): void => {
          if (head.sequence < sequence) return;
          stop();
          cancel();
          resolve();
        };
        cancel = clock.after(deadlineMs, () => {
          stop();
          reject(new DeadlineError(`entry ${String(sequence)} of the fleet's journal`, deadlineMs));
        });
        stop = onEntry(look);
        look();
      }),
    close,
  };
}
