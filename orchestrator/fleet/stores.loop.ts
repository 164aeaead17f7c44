// What a fleet keeps on its server beside leases and groups, which look after themselves: looked at, so that
// what somebody deletes is noticed by those who do not write it just then, told, and mended where it can be.

import type { JetStreamManager } from '@nats-io/jetstream';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isMissing } from '../journal/stream.jetstream.js';

const LOOK_EVERY_MS = 2_000;

export interface Store {
  readonly stream: string;
  /** What is lost with it, and what is to be done, for people. */
  readonly words: () => string;
  /** Called at each look that does not find it. */
  readonly mend: () => Promise<void> | void;
}

export function watchStores(deps: {
  readonly jsm: Pick<JetStreamManager, 'streams'>;
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly log: Log;
}): Closeable {
  const { jsm, stores, clock, log } = deps;
  /** Told once for each time that they went. */
  const told = new Set<string>();
  let closed = false;
  let cancel: CancelTimer = () => undefined;

  async function look({ stream, words, mend }: Store): Promise<void> {
    try {
      await jsm.streams.info(stream);
      told.delete(stream);
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (!told.has(stream)) log.error({ stream }, words());
      told.add(stream);
      await mend();
    }
  }

  async function lookAtAll(): Promise<void> {
    for (const store of stores) {
      if (closed) return;
      await look(store).catch((error: unknown) => {
        log.debug({ err: error, stream: store.stream }, 'a store cannot be looked at, or mended');
      });
    }
  }

  function again(): void {
    cancel = clock.after(LOOK_EVERY_MS, () => {
      void lookAtAll().then(() => {
        if (!closed) again();
      });
    });
  }
  again();

  return {
    close: () => {
      closed = true;
      cancel();
    },
  };
}
