// The stream that keeps what the hosts of a partition say until it is in a journal, and who hears it.
//
// Invariant: U1. One orchestrator hears a partition: whoever begins to hear it takes the consumer away from
// whoever had it, itself before a break too, and what has not been acknowledged is heard again, in order.

import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type ConsumerMessages,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { partitions, subjects, upStreamOf } from '../../proto/subjects.js';
import { askBeside } from '../../runtime/beside.js';
import { DeadlineError, pause, within } from '../../runtime/deadline.js';
import { withHeartbeat } from '../journal/silence.jetstream.js';
import { aboutStream, isMissing } from '../journal/stream.jetstream.js';

/** Messages of hosts that are being handled, in one partition. */
const UNACKNOWLEDGED_MAX = 1_000;
const ACK_WAIT_MS = 60_000;
/** What nobody has heard for so long is of machines that are gone. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Of all partitions. */
const KEPT_BYTES = 2 ** 28;
const NS_PER_MS = 1_000_000;
const TAKE_OVER_TRIES_MAX = 20;
const TAKE_OVER_AGAIN_MS = 250;
/** A server that is gone does not answer at all; whoever is only slow has longer at the second try. */
const FIRST_TRY_MS_MAX = 2_000;
/** In words, for a deadline that passes. */
const WHO_HEARS = 'who hears a partition';

/** U1. `remove` lets go of it. */
export async function hearPartition(deps: {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Copies of the stream, where it has to be made again. */
  readonly replicaCount: number;
  readonly partition: string;
  /** New each time: what is still said to the one before is not for the next. */
  readonly listenerId: string;
}): Promise<{ messages: ConsumerMessages; remove: () => Promise<void> }> {
  const { js, jsm, replicaCount, partition, listenerId } = deps;
  const stream = upStreamOf(partition);
  await openUpStream(jsm, partition, replicaCount);
  const name = await takeOver(jsm, stream, listenerId);
  const consumer = await askBeside(WHO_HEARS, () => js.consumers.get(stream, name));
  return {
    messages: await consumer.consume({
      ...withHeartbeat,
      max_messages: UNACKNOWLEDGED_MAX,
      // Otherwise a consumer that is gone is waited for without an end, or a word.
      abort_on_missing_resource: true,
    }),
    remove: async () => {
      await jsm.consumers.delete(stream, name).catch(() => undefined); // The next leader did.
    },
  };
}

/**
 * U1. Each try has a name of its own: a cluster that is asked twice for one name may make two of it, of which
 * neither is heard.
 * @returns the name of the consumer.
 */
async function takeOver(
  jsm: JetStreamManager,
  stream: string,
  listenerId: string,
): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    for (const before of await askBeside(WHO_HEARS, () => listenersOf(jsm, stream))) {
      // Somebody else did, or it is in the way below.
      await askBeside(WHO_HEARS, () => jsm.consumers.delete(stream, before)).catch(() => undefined);
    }
    const name = `${listenerId}-${String(tries)}`;
    const adding = jsm.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_MS * NS_PER_MS,
      max_ack_pending: UNACKNOWLEDGED_MAX,
    });
    try {
      await (tries === 1 ? within(adding, FIRST_TRY_MS_MAX, WHO_HEARS) : adding);
      return name;
    } catch (error) {
      const isGoneBy = isHeardByAnother(error) || error instanceof DeadlineError;
      if (!isGoneBy || tries >= TAKE_OVER_TRIES_MAX) throw error;
    }
    await pause(TAKE_OVER_AGAIN_MS);
  }
}

async function listenersOf(jsm: JetStreamManager, stream: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of jsm.consumers.list(stream)) names.push(name);
  return names;
}

/** Who lists consumers in a cluster that has just lost a server does not see them all. */
function isHeardByAnother(error: unknown): boolean {
  const WORK_QUEUE_HAS_ONE = 10099;
  return error instanceof JetStreamApiError && error.code === WORK_QUEUE_HAS_ONE;
}

/** Creates the stream of what the hosts of a partition say, where it is missing. */
export async function openUpStream(
  jsm: JetStreamManager,
  partition: string,
  replicaCount: number,
): Promise<void> {
  const stream = upStreamOf(partition);
  // Asked for first: a server that has little room refuses to make even what is there.
  if (await isThere(jsm, stream)) return;
  await jsm.streams.add({
    name: stream,
    subjects: [subjects.up(partition, '*')],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    max_age: KEPT_MS * NS_PER_MS,
    max_bytes: KEPT_BYTES / partitions.length,
    // A full stream takes no more, and what it did not take waits with its host.
    discard: DiscardPolicy.New,
    num_replicas: replicaCount,
  });
}

async function isThere(jsm: JetStreamManager, stream: string): Promise<boolean> {
  try {
    await aboutStream(jsm, stream);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
