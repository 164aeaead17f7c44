// Following a journal that somebody else writes: every orchestrator has the fold of the fleet's.
//
// Invariants:
//   F1. What was followed is a chain from its first entry on. One that is broken, or says what this version
//       does not know, or what cannot be folded, is said, and nothing is followed any more: whoever follows
//       decides nothing by the rest.
//   F2. It is followed through one server. Where that is gone while others of its cluster have the journal, and
//       after each break of the connection, it goes on from the last entry.

import {
  DeliverPolicy,
  type ConsumerMessages,
  type JetStreamClient,
  type JsMsg,
} from '@nats-io/jetstream';
import { FLEET_PARTITION } from '../../proto/subjects.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { DeadlineError, pause, within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { genesis, verifyChain, type Entry, type Head, type StoredEntry } from '../journal/chain.js';
import { entriesIn } from '../journal/message.js';
import { orderedConsumer } from '../journal/ordered.jetstream.js';
import { whenSilent, withHeartbeat } from '../journal/silence.jetstream.js';
import { subjectOf } from '../journal/stream.jetstream.js';
import type { Policy } from '../policy/policy.js';
import { AuditBrokenError, folded, parseEntry } from '../world/entry-log.loop.js';
import { emptyWorld, foldEntry } from '../world/fold.js';
import { tell, type EntryListener } from '../world/tell.loop.js';
import type { World } from '../world/world.js';

const CATCH_UP_MS_MAX = 60_000;
const AGAIN_MS = 500;
const STOPPED = "the fleet's journal is not followed any more";

export interface FleetFollower extends Closeable {
  /** What holds for every machine. */
  readonly world: World;
  readonly head: Head;
  /** From the first one on, in order. */
  readonly entries: readonly Entry[];
  readonly read: (fromSequence: number, count: number) => Promise<readonly Entry[]>;
  /** Why nothing is followed any more (F1). */
  readonly stopped: Error | undefined;
  onEntry(listener: EntryListener): () => void;
  /** Resolves when the entry of this sequence was followed. @throws DeadlineError */
  until(sequence: number, deadlineMs: number): Promise<void>;
}

/** Resolves when it has caught up. */
export async function followFleet(deps: {
  readonly nats: Nats;
  readonly js: JetStreamClient;
  readonly retry: () => Policy['retry'];
  /** Called once, when nothing is followed any more (F1). */
  readonly onStopped: () => void;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<FleetFollower> {
  const { nats, js, retry, onStopped, clock, log } = deps;
  const world = emptyWorld();
  const entries: Entry[] = [];
  const listeners = new Set<EntryListener>();
  const closing = new AbortController();
  let head = genesis;
  /** Of the last message that was heard, in the stream. */
  let lastStreamSequence = 0;
  let stopped: Error | undefined;

  function hear({ data, seq }: JsMsg): void {
    lastStreamSequence = seq;
    if (stopped !== undefined) return;
    try {
      follow(entriesIn(data).filter(({ sequence }) => sequence > head.sequence));
    } catch (error) {
      giveUp(error as Error);
    }
  }

  /** F1 */
  function giveUp(why: Error): void {
    stopped = why;
    log.fatal({ err: why }, STOPPED);
    onStopped();
  }

  const foldOne = (entry: Entry): void => {
    foldEntry(world, entry, retry());
  };

  function follow(stored: readonly StoredEntry[]): void {
    const verdict = verifyChain(head, stored);
    if (verdict.kind === 'broken') throw new AuditBrokenError(verdict.why);
    for (const each of stored) {
      const entry = parseEntry(each);
      folded(entry, foldOne);
      head = { sequence: entry.sequence, hash: entry.hash };
      entries.push(entry);
      tell(entry, [...listeners], log);
    }
  }

  let caughtUp: () => void = () => undefined;
  const catchingUp = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  const journal = messagesOf({ js, log, signal: closing.signal, last: () => lastStreamSequence });
  const first = await journal.ask();
  if (first.isAtEnd) caughtUp();
  let messages: ConsumerMessages | undefined = first.messages;
  const stopNoticing = nats.onReconnect(() => void messages?.close()); // F2
  const following = (async () => {
    while (messages !== undefined) {
      try {
        for await (const message of messages) {
          hear(message);
          if (message.info.pending === 0) caughtUp();
        }
      } catch (error) {
        log.warn({ err: error }, "the fleet's journal is not heard; it is asked for again"); // F2
        await pause(AGAIN_MS, closing.signal);
      }
      messages = await journal.askAgain();
    }
  })().catch(giveUp);
  const close = async (): Promise<void> => {
    closing.abort();
    stopNoticing();
    await messages?.close();
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
    get stopped() {
      return stopped;
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

/** The fleet's journal from the entry after the last one on, asked of a server that has it (F2). */
function messagesOf({
  js,
  log,
  signal,
  last,
}: {
  readonly js: JetStreamClient;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly last: () => number;
}) {
  async function ask(): Promise<{ messages: ConsumerMessages; isAtEnd: boolean }> {
    const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: last() + 1 };
    const filter = { filter_subjects: subjectOf(FLEET_PARTITION) };
    const consumer = await orderedConsumer(js, { ...filter, ...from });
    const { num_pending: pending } = await consumer.info();
    const messages = await consumer.consume(withHeartbeat);
    whenSilent(messages, () => void messages.close());
    return { messages, isAtEnd: pending === 0 };
  }

  /** @returns undefined when the signal is aborted before. */
  async function askAgain(): Promise<ConsumerMessages | undefined> {
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        return (await ask()).messages;
      } catch (error) {
        // Also where the stream is gone: it may be put back.
        if (tries === 1) log.warn({ err: error }, "the fleet's journal cannot be followed now");
      }
      await pause(AGAIN_MS, signal);
    }
    return undefined;
  }
  return { ask, askAgain };
}
