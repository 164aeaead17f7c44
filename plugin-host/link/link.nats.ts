// The link between machines: what the host says goes up through JetStream, which keeps it while no
// orchestrator is there; what an orchestrator says comes down by core NATS.
//
// Invariants:
//   N1. What JetStream has stored is handed to an orchestrator in this order, whenever there is one. One
//       at a time: two on their way could change places when one has to be sent again.
//   N5. An event is kept here until an orchestrator says that it is durable in a journal: what JetStream
//       has stored, somebody may delete. It is said anew after each hello, and the journal knows which
//       ones it has.
//   N2. A command is obeyed only when it is this instance's, of the orchestrator that welcomed it, in
//       answer to its last hello, and the next one. Anything else leads to a new hello, never to a guess.
//   N4. Nothing is heard but what an orchestrator has marked as its own.
//   N3. A fleet that loses its orchestrator, or its server, does not say hello in one instant, nor again
//       and again to one that is slow (patience.ts).

import { Duplex } from 'node:stream';
import { jetstream, JetStreamApiCodes, type JetStreamClient } from '@nats-io/jetstream';
import { Objm, type ObjectResult } from '@nats-io/obj';
import type { Msg, Subscription } from '@nats-io/transport-node';
import {
  Down,
  Lead,
  Up,
  type AttachRequest,
  type AttachResponse,
} from '../../proto/gen/lull/link/v1/link.js';
import { BUNDLES_BUCKET, FROM_ORCHESTRATOR, partitionOf, subjects } from '../../proto/subjects.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import type { Nats } from '../../runtime/nats.js';
import type { LinkCarrier } from './carrier.wire.js';
import { markOfMachine } from './mark.nats.js';
import { atFirst, whenAnnounced, type Patience } from './patience.js';

/**
 * A server under a storm of a whole fleet takes its time, and saying it anew would make it worse. What was on
 * its way to one of a cluster that has died is lost: it is sent again as it was, and kept once.
 */
const PUBLISH_MS_MAX = 10_000;
const PUBLISH_TRIES = 3;
const BUNDLE_MS_MAX = 60_000;
/** N3. */
const HELLO_JITTER_MS = 500;
/** A server that a whole fleet asks again is not asked more often. */
const RETRY_MS_MAX = 5_000;
/** Messages that wait here; more wait in the outbox. */
const IN_FLIGHT_MAX = 64;

export interface NatsCarrierDeps {
  readonly nats: Nats;
  readonly hostId: string;
  readonly instanceId: string;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

export function natsCarrier(deps: NatsCarrierDeps): LinkCarrier {
  const { connection } = deps.nats;
  const js = jetstream(connection, { timeout: PUBLISH_MS_MAX });
  const hellos: Hellos = { count: 0, patience: atFirst };
  return {
    attach: () => {
      hellos.count += 1;
      return new NatsLinkStream(js, deps, hellos);
    },
    retryMsMax: RETRY_MS_MAX,
    readBundle: async function* (sha256, signal) {
      signal.throwIfAborted();
      const found = await within(bundleIn(js, sha256), BUNDLE_MS_MAX, 'the bundle');
      if (found === null) {
        const what = `the fleet keeps no bundle ${sha256} (${BUNDLES_BUCKET}) any more`;
        throw new Error(`${what}: add the updater again, as it was`);
      }
      for await (const chunk of found.data) {
        signal.throwIfAborted();
        yield chunk;
      }
    },
    close: () => undefined,
  };
}

/** @returns null also where the whole store is gone. */
async function bundleIn(js: JetStreamClient, sha256: string): Promise<ObjectResult | null> {
  try {
    return await (await new Objm(js).open(BUNDLES_BUCKET, false)).get(sha256);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === JetStreamApiCodes.StreamNotFound) return null;
    throw error;
  }
}

/** What an orchestrator said; undefined for anything else that came on its subject (N4). */
function said<T>({ headers, data }: Msg, type: { decode(bytes: Uint8Array): T }): T | undefined {
  if (headers?.has(FROM_ORCHESTRATOR) !== true) return undefined;
  try {
    return type.decode(data);
  } catch {
    return undefined; // Of no version that this one knows: what it would have said is missed, and noticed.
  }
}

interface Hellos {
  count: number;
  patience: Patience;
}

class NatsLinkStream extends Duplex {
  private readonly partition: string;
  private readonly down: Subscription;
  private readonly lead: Subscription;
  private readonly stopListening: () => void;
  private cancelHello: CancelTimer = () => undefined;
  /** Who welcomed us, and the number of its next command. */
  private leader: { readonly id: string; nextSequence: number } | undefined;
  private readonly openedAtMs: number;
  private writtenCount = 0;
  private readonly helloCount: number;

  constructor(
    private readonly js: JetStreamClient,
    private readonly deps: NatsCarrierDeps,
    /** Of all streams of this carrier, one after the other. */
    private readonly hellos: Hellos,
  ) {
    super({ objectMode: true, writableHighWaterMark: IN_FLIGHT_MAX });
    this.helloCount = hellos.count;
    const { nats, hostId, clock } = deps;
    this.partition = partitionOf(hostId);
    this.openedAtMs = clock.now().monotonicMs;
    const { connection } = nats;
    this.down = connection.subscribe(subjects.down(hostId), {
      callback: (error, message) => {
        const down = error === null ? said(message, Down) : undefined;
        if (down !== undefined) this.hear(down);
      },
    });
    this.lead = connection.subscribe(subjects.lead(this.partition), {
      callback: (error, message) => {
        const lead = error === null ? said(message, Lead) : undefined;
        if (lead !== undefined) this.hearLead(lead);
      },
    });
    this.stopListening = nats.onReconnect(() => {
      this.sayHelloAgain('the connection was lost');
    });
  }

  override _read(): void {
    // Commands are pushed as they come: there is nothing to ask for.
  }

  override _write(
    message: AttachRequest,
    _encoding: BufferEncoding,
    done: (error?: Error) => void,
  ): void {
    this.publish(message).then(() => {
      done();
    }, done);
  }

  override _final(done: () => void): void {
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.cancelHello();
    this.stopListening();
    this.down.unsubscribe();
    this.lead.unsubscribe();
    done(error);
  }

  private async publish(message: AttachRequest): Promise<void> {
    const { hostId, instanceId } = this.deps;
    const { kind } = message;
    // The server keeps one of two that are the same; what is said anew has to be heard anew (N5).
    this.writtenCount += 1;
    const number = `${String(this.helloCount)}-${String(this.writtenCount)}`;
    const hello = BigInt(this.helloCount);
    const up = Up.encode({ instanceId, message, hello }).finish();
    await this.js.publish(subjects.up(this.partition, hostId), up, {
      msgID: `${instanceId}:${number}`,
      retries: PUBLISH_TRIES,
      headers: markOfMachine(),
    });
    if (this.destroyed) return;
    // N1
    if (kind?.$case === 'hello') this.push({ kind: { $case: 'welcome', value: {} } });
    if (kind?.$case === 'event') this.emit('stored', Number(kind.value.sequence));
  }

  private hear({ instanceId, leaderId, sequence, message, hello }: Down): void {
    if (instanceId !== this.deps.instanceId || message?.kind === undefined) return;
    if (hello !== 0n && hello !== BigInt(this.helloCount)) return; // N2
    const { $case } = message.kind;
    if ($case === 'welcome') {
      this.leader = { id: leaderId, nextSequence: Number(sequence) + 1 };
      this.hellos.patience = atFirst;
      return;
    }
    if ($case === 'refused') {
      this.push(message satisfies AttachResponse);
      return;
    }
    if (this.leader?.id !== leaderId) return; // N2: not welcomed by it; its announcement leads to a hello.
    if (Number(sequence) !== this.leader.nextSequence) {
      this.sayHelloAgain('a command was lost');
      return;
    }
    this.leader.nextSequence += 1;
    this.push(message satisfies AttachResponse);
  }

  private hearLead({ leaderId }: Lead): void {
    if (this.leader?.id === leaderId) return;
    if (this.leader !== undefined) {
      this.sayHelloAgain('another orchestrator leads');
      return;
    }
    const waitedMs = this.deps.clock.now().monotonicMs - this.openedAtMs;
    const next = whenAnnounced(this.hellos.patience, leaderId, waitedMs);
    if (next === undefined) return;
    this.hellos.patience = next;
    this.sayHelloAgain('the orchestrator that leads has not answered');
  }

  /** N2, N3. Whoever opened this stream opens another one when it has ended. */
  private sayHelloAgain(why: string): void {
    this.leader = undefined;
    this.cancelHello();
    const { clock, random } = this.deps;
    this.cancelHello = clock.after(random() * HELLO_JITTER_MS, () => {
      this.destroy(new Error(why));
    });
  }
}
