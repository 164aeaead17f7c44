// Listening to the hosts of a partition: everything that they say, in order, until somebody else listens.
//
// Invariants:
//   H1. What a host said is acknowledged to the server when it was made durable, or can never be.
//   H2. What one host says is handled one after the other, in order. What could not be made durable is
//       tried again before anything that the host said later: its number would count as handled by then.
//   H8. What was on its way when the connection broke is heard again before anything newer: by the number
//       of an event it could not be told from one that was handled.
//   H9. Whoever hears nothing, and not even that there is nothing, asks anew as after a break: the server that
//       it heard may be gone while others of its cluster have what it kept.

import { jetstream, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { pause } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { JournalBusyError } from '../journal/journal.js';
import { isOutOfReach } from '../journal/reach.jetstream.js';
import { whenSilent } from '../journal/silence.jetstream.js';
import { hostOf } from './said.wire.js';
import { hearPartition } from './up-stream.nats.js';

/** H2. A journal that cannot keep up is asked again; one that has failed ends the lead. */
const AGAIN_MS = 500;
/** What fails otherwise fails again, and would keep everything else of its host waiting for ever. */
const TRIES_MAX = 10;
/** H9. Longer than servers take to agree on who leads a stream. */
const ASK_MS_MAX = 30_000;

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
  /** Those that are, or wait for one before, as the server sent them last (H8). */
  const underWay = new Map<string, JsMsg>();
  const closing = new AbortController();
  /** Breaks of the connection, and how many there had been when what is heard now was asked for. */
  let [breakCount, breaksBefore] = [0, 0];

  async function ask() {
    breaksBefore = breakCount;
    const listenerId = `${leaderId}-${String(breakCount)}`;
    const heard = await hearPartition({ js, jsm, replicaCount, partition, listenerId });
    whenSilent(heard.messages, noticeBreak); // H9
    // What nobody will listen to; it ends when what listens has come to its end.
    if (closing.signal.aborted || breaksBefore < breakCount) void heard.messages.close();
    return heard;
  }

  /** H5 of hosts.nats.ts: not for ever. */
  async function askAgain() {
    const giveUpAtMs = performance.now() + ASK_MS_MAX;
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (!isOutOfReach(error) || performance.now() > giveUpAtMs) throw error;
        if (tries === 1)
          log.warn(
            { err: error, partition },
            'the machines cannot be heard just now; it is tried again',
          );
      }
      if (!(await pause(AGAIN_MS, closing.signal))) return undefined;
    }
  }

  const mayHaveMissed = (): boolean => !closing.signal.aborted && breaksBefore < breakCount;

  /** H2. @returns whether it needs not be heard again. */
  async function heard(message: JsMsg): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await deps.hear(message);
        return true;
      } catch (error) {
        if (error instanceof JournalBusyError) tries = 0;
        const told = { err: error, partition, subject: message.subject, tries };
        if (tries >= TRIES_MAX) {
          log.error(told, 'what a host said cannot be dealt with, and is left out');
          return true;
        }
        log.warn(told, 'what a host said was not made durable; it is tried again');
        if (!(await pause(AGAIN_MS, closing.signal))) return false; // Whoever leads next hears it.
      }
    }
  }

  function handle(message: JsMsg): void {
    // A stream that was made again counts from one again.
    const which = `${String(message.seq)} ${message.timestamp}`;
    const isAgain = underWay.has(which);
    underWay.set(which, message);
    if (isAgain) return;
    const hostId = hostOf(message.subject);
    const handled = (last.get(hostId) ?? Promise.resolve()).then(async () => {
      if (!closing.signal.aborted && (await heard(message))) underWay.get(which)?.ack(); // H1
      underWay.delete(which);
    });
    last.set(hostId, handled);
  }

  function noticeBreak(): void {
    breakCount += 1;
    void listening.messages.close();
  }

  let listening = await ask();
  const stopNoticing = nats.onReconnect(noticeBreak);
  const hearing = (async () => {
    for (;;) {
      for await (const message of listening.messages) handle(message);
      if (!mayHaveMissed()) return;
      while (mayHaveMissed()) listening = (await askAgain()) ?? listening; // H8
    }
  })().then(deps.onDeaf, deps.onDeaf);
  return {
    close: async () => {
      closing.abort();
      stopNoticing();
      void listening.messages.close();
      await hearing;
      await Promise.all(last.values());
      await listening.remove();
    },
  };
}
