// Listening to the hosts of a partition: everything that they say, in order, until somebody else listens.
//
// Invariants:
//   H1. What a host said is acknowledged to the server when it was made durable, or can never be.
//   H2. What one host says is handled one after the other, in order.
//   H8. What was on its way when the connection broke is heard again before anything newer: by the number
//       of an event it could not be told from one that was handled.

import { jetstream, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { hostOf } from './said.wire.js';
import { hearPartition } from './up-stream.nats.js';

export async function listenTo(deps: {
  readonly nats: Nats;
  readonly jsm: JetStreamManager;
  readonly replicaCount: number;
  readonly partition: string;
  readonly leaderId: string;
  /** Resolves when what was said is durable, or needs not be. */
  readonly hear: (message: JsMsg) => Promise<void>;
  /** Called when nothing more will be heard, also after `close`. */
  readonly onDeaf: (error?: unknown) => void;
  readonly log: Log;
}): Promise<Closeable> {
  const { nats, jsm, replicaCount, partition, leaderId, log } = deps;
  const js = jetstream(nats.connection);
  /** The last message of each host that is being handled (H2). */
  const last = new Map<string, Promise<void>>();
  /** Breaks of the connection, and how many there had been when what is heard now was asked for. */
  let [breakCount, breaksBefore] = [0, 0];
  let closed = false;

  async function ask() {
    breaksBefore = breakCount;
    const listenerId = `${leaderId}-${String(breakCount)}`;
    const heard = await hearPartition({ js, jsm, replicaCount, partition, listenerId });
    // What nobody will listen to; it ends when what listens has come to its end.
    if (closed || breaksBefore < breakCount) void heard.messages.close();
    return heard;
  }

  const mayHaveMissed = (): boolean => !closed && breaksBefore < breakCount;

  function handle(message: JsMsg): void {
    const hostId = hostOf(message.subject);
    const handled = (last.get(hostId) ?? Promise.resolve()).then(async () => {
      try {
        await deps.hear(message);
        message.ack(); // H1
      } catch (error) {
        // Not acknowledged: whoever leads next hears it.
        log.error({ err: error, partition }, 'what a host said was not made durable');
      }
    });
    last.set(hostId, handled);
  }

  let listening = await ask();
  const stopNoticing = nats.onReconnect(() => {
    breakCount += 1;
    void listening.messages.close();
  });
  const hearing = (async () => {
    for (;;) {
      for await (const message of listening.messages) handle(message);
      if (!mayHaveMissed()) return;
      while (mayHaveMissed()) listening = await ask(); // H8
    }
  })().then(deps.onDeaf, deps.onDeaf);
  return {
    close: async () => {
      closed = true;
      stopNoticing();
      void listening.messages.close();
      await hearing;
      await Promise.all(last.values());
      await listening.remove();
    },
  };
}
