// Entries in the stream of journals: what a message has, and where it lies among those of other partitions.

import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { genesis, type Head, type StoredEntry } from './chain.js';
import { JournalError } from './journal.js';
import { entriesIn, MessageError, NewerMessageError } from './message.js';
import { STREAM, subjectOf } from './stream.jetstream.js';

/** The last message of the partition: where it lies in the stream, and the head of the chain in it. */
export interface End {
  readonly streamSequence: number;
  readonly head: Head;
}

/** Asked of the leader of the stream, which knows every message that was acknowledged. */
export async function endOf(jsm: JetStreamManager, subject: string): Promise<End> {
  const message = await jsm.streams.getMessage(STREAM, { last_by_subj: subject });
  if (message === null) return { streamSequence: 0, head: genesis };
  const { sequence, hash } = lastOf(message.data);
  return { streamSequence: message.seq, head: { sequence, hash } };
}

/**
 * Where in the stream to read a partition's journal from.
 * @param sequence of the first entry that is wanted; 0: what is not written yet.
 */
export async function placeOfEntry(
  jsm: JetStreamManager,
  partition: string,
  sequence: number,
): Promise<number> {
  const subject = subjectOf(partition);
  const { streamSequence } = await endOf(jsm, subject);
  if (sequence === 0) return streamSequence + 1;
  return await locate(jsm, subject, sequence, Math.max(1, streamSequence));
}

/** By halves: where the message with this entry lies among those of other partitions. */
export async function locate(
  jsm: JetStreamManager,
  subject: string,
  sequence: number,
  lastStreamSequence: number,
): Promise<number> {
  let [low, high] = [1, lastStreamSequence];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const found = await nextOf(jsm, subject, middle);
    if (found !== null && decoded(found.data)[0].sequence <= sequence) low = found.seq;
    else high = middle - 1;
  }
  return low;
}

function nextOf(jsm: JetStreamManager, subject: string, seq: number): Promise<StoredMsg | null> {
  return jsm.direct.getMessage(STREAM, { seq, next_by_subj: subject });
}

export function decoded(message: Uint8Array): ReturnType<typeof entriesIn> {
  try {
    return entriesIn(message);
  } catch (error) {
    if (error instanceof NewerMessageError) {
      throw new JournalError('JOURNAL_NEWER', error.message, { cause: error });
    }
    if (!(error instanceof MessageError)) throw error;
    throw broken('the stream has a message that is not an entry of Lull', error);
  }
}

export function lastOf(message: Uint8Array): StoredEntry {
  const [first, ...others] = decoded(message);
  return others.at(-1) ?? first;
}

export function broken(what: string, cause: unknown): JournalError {
  return new JournalError('JOURNAL_BROKEN', `${what}: ${(cause as Error).message}`, { cause });
}
