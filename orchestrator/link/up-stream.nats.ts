// The stream that keeps what hosts say until it is in a journal, and who hears it.
//
// Invariant: U1. One orchestrator hears a partition: taking the lead takes the consumer away from whoever
// had it, and what that one has not acknowledged is heard again, in order.

import {
  AckPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type ConsumerMessages,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { subjects, UP_STREAM } from '../../proto/subjects.js';

/** Messages of hosts that are being handled, in one partition. */
const UNACKNOWLEDGED_MAX = 1_000;
const ACK_WAIT_MS = 60_000;
/** What nobody has heard for so long is of machines that are gone. */
const KEPT_MS = 7 * 24 * 3_600_000;
const KEPT_BYTES = 2 ** 28;
const NS_PER_MS = 1_000_000;

/** U1. `remove` lets go of it. */
export async function hearPartition(
  js: JetStreamClient,
  jsm: JetStreamManager,
  partition: string,
  leaderId: string,
): Promise<{ messages: ConsumerMessages; remove: () => Promise<void> }> {
  for await (const { name } of jsm.consumers.list(UP_STREAM)) {
    if (name.startsWith(`${partition}-`)) {
      await jsm.consumers.delete(UP_STREAM, name).catch(() => undefined); // Somebody else did.
    }
  }
  const name = `${partition}-${leaderId}`;
  await jsm.consumers.add(UP_STREAM, {
    durable_name: name,
    filter_subject: subjects.up(partition, '*'),
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT_MS * NS_PER_MS,
    max_ack_pending: UNACKNOWLEDGED_MAX,
  });
  const consumer = await js.consumers.get(UP_STREAM, name);
  return {
    messages: await consumer.consume({ max_messages: UNACKNOWLEDGED_MAX }),
    remove: async () => {
      await jsm.consumers.delete(UP_STREAM, name).catch(() => undefined); // The next leader did.
    },
  };
}

/** Creates the stream of what hosts say, where it is missing. */
export async function openUpStream(jsm: JetStreamManager, replicaCount: number): Promise<void> {
  await jsm.streams.add({
    name: UP_STREAM,
    subjects: [subjects.up('*', '*')],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    max_age: KEPT_MS * NS_PER_MS,
    max_bytes: KEPT_BYTES,
    // A full stream takes no more, and what it did not take waits with its host.
    discard: DiscardPolicy.New,
    num_replicas: replicaCount,
  });
}
