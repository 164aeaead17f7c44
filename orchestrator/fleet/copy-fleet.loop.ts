// What holds for all machines is copied into the journal of a partition, by whoever leads it.
//
// Invariant: Y1. In order and each once (P2 of world/partition.loop.ts). What could not be copied, as where too
// much waits for the journal, is tried again, and before what came after it.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Fact } from '../journal/fact.js';
import type { Partition } from '../world/partition.loop.js';
import { isOfTheFleet } from './fleet-facts.js';
import type { FleetFollower } from './follower.nats.js';

/** Entries that are appended together. */
const AT_ONCE = 256;
const AGAIN_MS = 2_000;

/**
 * Resolves when it has tried to copy what there is; goes on until it is closed.
 * @param onNews told of what was copied now.
 */
export async function copyFleet(deps: {
  readonly follower: Pick<FleetFollower, 'entries' | 'onEntry'>;
  readonly partition: Pick<Partition, 'follow'>;
  readonly onNews: (facts: readonly Fact[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Closeable> {
  const { follower, partition, onNews, clock, log } = deps;
  /** Of what was followed: so many are copied, or not to be. */
  let copiedCount = 0;
  let copying = false;
  let closed = false;
  let cancelAgain: CancelTimer = () => undefined;

  async function copy(): Promise<void> {
    if (copying) return;
    copying = true;
    cancelAgain();
    try {
      while (!closed && copiedCount < follower.entries.length) {
        const some = follower.entries.slice(copiedCount, copiedCount + AT_ONCE);
        const news = await partition.follow(some.filter(({ fact }) => isOfTheFleet(fact)));
        copiedCount += some.length;
        onNews(news);
      }
    } catch (error) {
      log.error({ err: error }, "the fleet's journal was not copied; it is tried again");
      if (!closed) cancelAgain = clock.after(AGAIN_MS, () => void copy());
    }
    copying = false; // In the same step as the last look at the entries: none can fall in between.
  }

  const stop = follower.onEntry(() => void copy());
  await copy();
  return {
    close: () => {
      closed = true;
      stop();
      cancelAgain();
    },
  };
}
