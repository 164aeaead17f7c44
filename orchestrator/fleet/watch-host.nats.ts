// Watching one machine of a fleet: any orchestrator reads the journal of its partition where it is kept.
//
// Invariants:
//   W1. As of every watch (watch.grpc.ts): once and in order, in one stream of what was written and is.
//   W4. Nothing before the entry that was asked for is read, and nothing is kept here: a reader that is slow is
//       waited for, because the server keeps what it has not taken.
//   W5. What is sent follows, by its hash, on what was sent before.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { DeliverPolicy, type ConsumerMessages, type JetStreamClient } from '@nats-io/jetstream';
import {
  RunProgress,
  type WatchRequest,
  type WatchResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { outletOf, whenOver, type ProgressFeed } from '../api/watch.grpc.js';
import { verifyChain, type Head, type StoredEntry } from '../journal/chain.js';
import { placeOfEntry } from '../journal/entries.jetstream.js';
import { entriesIn } from '../journal/message.js';
import { whenSilent, withHeartbeat } from '../journal/silence.jetstream.js';
import { STREAM, subjectOf } from '../journal/stream.jetstream.js';
import { breather } from '../journal/unhurried.loop.js';
import { hearSaid } from '../link/say.nats.js';
import { AuditBrokenError, parseEntry } from '../world/entry-log.loop.js';

/** Messages that a server sends ahead: each may be as large as a message can be. */
const AHEAD_MAX = 16;

interface WatchDeps {
  readonly nats: Nats;
  readonly js: JetStreamClient;
  readonly log: Log;
}

/** Sends the entries of a machine's partition that are about it, and how far its runs are. */
export function watchHost(
  call: ServerWritableStream<WatchRequest, WatchResponse>,
  hostId: string,
  { nats, js, log }: WatchDeps,
): void {
  const outlet = outletOf(call, progressOf(nats, hostId, log));
  const partition = partitionOf(hostId);
  const from = Number(call.request.fromSequence);

  async function stream(): Promise<void> {
    const consumer = await js.consumers.get(STREAM, {
      filter_subjects: subjectOf(partition),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: await placeOfEntry(await js.jetstreamManager(), partition, from), // W4
    });
    try {
      const messages = await consumer.consume({ ...withHeartbeat, max_messages: AHEAD_MAX });
      whenSilent(messages, () => void messages.close());
      whenOver(call, () => void messages.close());
      if (!outlet.isGone()) await sendAll(messages);
      if (!outlet.isGone()) throw new Error('the server sends the journal no more; watch again');
      await messages.close();
    } finally {
      await consumer.delete();
    }
  }
  async function sendAll(messages: ConsumerMessages): Promise<void> {
    const breathe = breather();
    let head: Head | undefined;
    for await (const { data } of messages) {
      const entries = entriesIn(data);
      head = headAfter(head, entries);
      for (const entry of entries) {
        if (entry.sequence < from || !isAbout(entry, hostId)) continue;
        outlet.sendEntry(entry);
        await outlet.keptUp();
      }
      if (outlet.isGone()) return;
      await breathe(entries.length);
    }
  }
  stream().catch((error: unknown) => {
    if (!outlet.isGone()) log.warn({ err: error, host: hostId }, 'a watch of a machine ended');
    outlet.fail(error);
  });
}

/** W5. @throws AuditBrokenError */
function headAfter(head: Head | undefined, entries: readonly StoredEntry[]): Head | undefined {
  const [first, ...others] = entries;
  if (first === undefined) return head;
  const verdict = head === undefined ? verifyChain(first, others) : verifyChain(head, entries);
  if (verdict.kind === 'broken') throw new AuditBrokenError(verdict.why);
  return verdict.head;
}

function isAbout(entry: StoredEntry, hostId: string): boolean {
  const { machine } = parseEntry(entry).fact;
  return machine === undefined || machine === hostId;
}

function progressOf(nats: Nats, hostId: string, log: Log): Pick<ProgressFeed, 'subscribe'> {
  return {
    subscribe: (listener) => {
      const heard = hearSaid(nats.connection, subjects.progress(hostId), log, (message) => {
        listener(RunProgress.decode(message.data));
      });
      return () => {
        heard.unsubscribe();
      };
    },
  };
}
