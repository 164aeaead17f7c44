// The journal on NATS JetStream: one stream for all partitions, one subject for each.
//
// Invariants:
//   J1. `append` resolves when the server has acknowledged the entries, which a server with
//       `sync_interval: always`, or one of three replicas, does when they are safe.
//   J2. One writer: every message names the last one of its subject, and the server refuses it when
//       that is another by now. Such a writer has lost the journal for good.
//   J3. An acknowledgement that does not come says nothing: what the server has is looked at before
//       anything is sent again. A stream that is gone is lost, and not waited for.
//   J4. What cannot be read just now, as while servers of a cluster agree on who leads, is read again.

import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { DeliverPolicy, JetStreamApiError } from '@nats-io/jetstream';
import { askBeside } from '../../runtime/beside.js';
import { within } from '../../runtime/deadline.js';
import type { Head, StoredEntry } from './chain.js';
import { broken, decoded, endOf, lastOf, locate, type End } from './entries.jetstream.js';
import { JournalError, READ_BYTES_MAX, type Journal } from './journal.js';
import { messagesOf } from './message.js';
import { orderedConsumer } from './ordered.jetstream.js';
import { isClosedByUs, isOutOfReach } from './reach.jetstream.js';
import { isMissing, openStream, streamLost, subjectOf } from './stream.jetstream.js';

/** One acknowledgement. A server that needs longer is out of reach, and asked again. */
const ACK_MS_MAX = 5_000;
/** What the server has. A cluster that nobody leads just then leaves the question without an answer. */
const LOOK_MS_MAX = 2_500;
/** All attempts at one append, and one read: what takes longer is broken, not slow. */
const APPEND_MS_MAX = 60_000;
const READ_MS_MAX = 30_000;
const PAUSE_MS = 250;
/** While a page is read. Whoever is silent for twice as long is gone. */
const HEARTBEAT_MS = 2_000;
/** Room for the headers beside the entries. */
const HEADERS_BYTES_MAX = 1_024;
/** No space on the disk, or no more that this account may use. */
const fullCodes: ReadonlySet<number> = new Set([10023, 10028, 10047, 10077]);

export interface JetStreamPlace {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Largest message that the server takes, bytes. */
  readonly payloadBytesMax: number;
  /** Lower case letters, digits and hyphens, at most 63. */
  readonly partition: string;
  readonly replicaCount: number;
  /** Whether the stream is created where there is none. */
  readonly mayCreate: boolean;
  /** Waits; for attempts. */
  readonly pause: (ms: number) => Promise<unknown>;
}

/** Opens, or creates, the journal of a partition. Closing it leaves the connection open. */
export async function openJetStreamJournal(place: JetStreamPlace): Promise<Journal> {
  const { js, jsm, partition } = place;
  const subject = subjectOf(partition);
  await openStream(jsm, place);
  let end = await askBeside("the journal's end", () => endOf(jsm, subject));
  let dead: JournalError | undefined;
  /** Where the next page probably begins. */
  let cursor = { sequence: 1, streamSequence: 1 };
  let last: Promise<unknown> = Promise.resolve();

  async function store(message: Uint8Array, after: StoredEntry): Promise<void> {
    const giveUpAtMs = performance.now() + APPEND_MS_MAX;
    for (;;) {
      try {
        const expect = { lastSubjectSequence: end.streamSequence };
        const { seq } = await js.publish(subject, message, { expect, timeout: ACK_MS_MAX });
        end = { streamSequence: seq, head: { sequence: after.sequence, hash: after.hash } };
        return;
      } catch (error) {
        if (isFull(error)) throw new JournalError('NO_SPACE', (error as Error).message);
        if (await isStored(after)) return; // J3
        if (isClosedByUs(error)) throw broken('the connection was closed', error);
        if (performance.now() > giveUpAtMs) throw broken('the server acknowledges nothing', error);
        await place.pause(PAUSE_MS);
      }
    }
  }

  /** What became of a message whose acknowledgement did not come, or that was refused. */
  async function isStored(after: StoredEntry): Promise<boolean> {
    let found: End;
    try {
      found = await within(endOf(jsm, subject), LOOK_MS_MAX, "the journal's end");
    } catch (error) {
      if (error instanceof JournalError) throw error;
      if (isMissing(error)) throw streamLost();
      return false; // Out of reach still; the next attempt finds out.
    }
    if (found.streamSequence === end.streamSequence) return false;
    if (found.head.hash !== after.hash) throw taken(partition, found.head); // J2
    end = found;
    return true;
  }

  async function append(entries: readonly StoredEntry[]): Promise<void> {
    if (dead !== undefined) throw dead;
    const [first] = entries;
    if (first === undefined) return;
    try {
      // What does not follow the last entry was written by somebody who knows another journal.
      if (first.sequence !== end.head.sequence + 1) throw taken(partition, end.head);
      for (const message of messagesOf(entries, place.payloadBytesMax - HEADERS_BYTES_MAX)) {
        await store(message, lastOf(message));
      }
    } catch (error) {
      const known = error instanceof JournalError ? error : broken('it cannot be written', error);
      if (known.code !== 'NO_SPACE') dead = known;
      throw known;
    }
  }

  async function read(fromSequence: number, count: number): Promise<readonly StoredEntry[]> {
    if (dead !== undefined) throw dead;
    const upTo = end;
    if (fromSequence > upTo.head.sequence || count < 1) return [];
    const start =
      cursor.sequence === fromSequence
        ? cursor.streamSequence
        : await locate(jsm, subject, fromSequence, upTo.streamSequence);
    const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start };
    const consumer = await orderedConsumer(js, { filter_subjects: subject, ...from });
    const found: StoredEntry[] = [];
    let bytes = 0;
    try {
      const messages = await consumer.fetch({
        ...{ max_messages: count, expires: READ_MS_MAX, idle_heartbeat: HEARTBEAT_MS },
      });
      for await (const message of messages) {
        bytes += message.data.length;
        found.push(...decoded(message.data).filter(({ sequence }) => sequence >= fromSequence));
        const after = {
          sequence: (found.at(-1)?.sequence ?? 0) + 1,
          streamSequence: message.seq + 1,
        };
        // One message may have more than a page: what is left of it comes first on the next.
        cursor =
          found.length > count
            ? { sequence: fromSequence + count, streamSequence: message.seq }
            : after;
        const isEnough = found.length >= count || bytes >= READ_BYTES_MAX;
        if (isEnough || message.seq >= upTo.streamSequence) break;
      }
    } finally {
      await consumer.delete().catch(() => undefined); // It goes by itself when nobody asks it.
    }
    return found.slice(0, count);
  }

  /** J4 */
  async function readAgain(fromSequence: number, count: number): Promise<readonly StoredEntry[]> {
    const giveUpAtMs = performance.now() + READ_MS_MAX;
    for (;;) {
      try {
        return await read(fromSequence, count);
      } catch (error) {
        const isAway = isOutOfReach(error) && !isClosedByUs(error);
        if (!isAway || performance.now() > giveUpAtMs) throw error;
        await place.pause(PAUSE_MS);
      }
    }
  }

  /** One after the other: the next append names the message of the one before. */
  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = last.then(step, step);
    last = turn;
    return turn;
  }

  return {
    append: (entries) => inTurn(() => append(entries)),
    read: (fromSequence, count) =>
      within(readAgain(fromSequence, count), READ_MS_MAX, "the journal's read").catch(
        (error: unknown) => {
          throw error instanceof JournalError ? error : broken('it cannot be read', error);
        },
      ),
    head: () => Promise.resolve(end.head),
    close: async () => {
      await last.catch(() => undefined); // Whoever appended was told.
      dead ??= new JournalError('JOURNAL_BROKEN', 'the journal is closed');
    },
  };
}

function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && fullCodes.has(error.code);
}

function taken(partition: string, head: Head): JournalError {
  const message = `partition ${partition} has been written by somebody else, up to entry ${String(head.sequence)}`;
  return new JournalError('SEQUENCE_TAKEN', message);
}
