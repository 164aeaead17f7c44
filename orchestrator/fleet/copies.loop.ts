// Looks at the copies of what a fleet keeps, and says once when somebody should see to them, and when all is
// well again.

import type { JetStreamManager } from '@nats-io/jetstream';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { copiesNotice, type StreamCopies } from './copies.js';

const LOOK_EVERY_MS = 5_000;
/** A copy under load is behind for moments; a server that was restarted is, until it has read what it missed. */
const BEHIND_MS = 10_000;

export interface CopiesWatch extends Closeable {
  readonly notice: () => string | undefined;
}

export function watchCopies(deps: {
  readonly jsm: Pick<JetStreamManager, 'streams'>;
  readonly streams: readonly string[];
  readonly wantedCount: number;
  readonly isClustered: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}): CopiesWatch {
  const { jsm, streams, wantedCount, isClustered, clock, log } = deps;
  const seen = new Map<string, StreamCopies>();
  /** By stream and server: since when its copy is behind. */
  const behindSince = new Map<string, number>();
  let notice: string | undefined;
  let closed = false;
  let cancel: CancelTimer = () => undefined;

  async function look(stream: string): Promise<void> {
    const { config, cluster } = await jsm.streams.info(stream);
    const nowMs = clock.now().monotonicMs;
    const behind = (cluster?.replicas ?? []).flatMap(({ name, current, offline = false }) => {
      const key = `${stream} ${name}`;
      if (current && !offline) {
        behindSince.delete(key);
        return [];
      }
      const sinceMs = behindSince.get(key) ?? nowMs;
      behindSince.set(key, sinceMs);
      return nowMs - sinceMs >= BEHIND_MS ? [name] : [];
    });
    // A server by itself takes an order for more copies, and keeps one.
    seen.set(stream, { stream, count: isClustered() ? config.num_replicas : 1, behind });
  }

  async function lookAtAll(): Promise<void> {
    for (const stream of streams) {
      if (closed) return;
      // What is gone, or led by nobody, is told by those who use it.
      await look(stream).catch((error: unknown) => {
        log.debug({ err: error, stream }, 'the copies of a stream cannot be looked at');
      });
    }
    const now = copiesNotice([...seen.values()], wantedCount, isClustered());
    if (now !== undefined && now !== notice) log.warn(now);
    if (now === undefined && notice !== undefined) {
      log.info('everything has its copies, and they are up to date');
    }
    notice = now;
  }

  function again(): void {
    void lookAtAll().then(() => {
      if (!closed) cancel = clock.after(LOOK_EVERY_MS, again);
    });
  }
  again();

  return {
    notice: () => notice,
    close: () => {
      closed = true;
      cancel();
    },
  };
}
