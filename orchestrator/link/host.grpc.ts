// The orchestrator's end of the link: one stream per plugin-host.
//
// Invariants:
//   K1. An event is acknowledged when whoever handles it has made it durable, never before.
//   K2. Events of one host are handled one after the other, in the order in which they came.
//   K3. A host that attaches again has replaced its older stream.
//   K4. An event that was handled and is sent again, because its acknowledgement was lost, is
//       acknowledged and not handled twice.

import { status, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { displayText } from '../../conditions/words.js';
import { rpcError } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import {
  LinkServiceService,
  type AttachRequest,
  type AttachResponse,
  type LinkServiceServer,
  type ReadBundleRequest,
  type ReadBundleResponse,
} from '../../proto/gen/lull/link/v1/link.js';
import type { Confinement } from '../../conditions/confinement.js';
import { confinementFromWire } from './confinement.wire.js';
import { eventFromWire, type LinkEvent } from './event.wire.js';

export interface HostConnection {
  readonly hostId: string;
  readonly instanceId: string;
  /** Undefined while its self-test is still on. */
  readonly confinement: Confinement | undefined;
  /** Names its machine's present start; undefined where it cannot tell. */
  readonly bootId: string | undefined;
  /** Runs that this instance holds, as it said when it attached. */
  readonly runIds: ReadonlySet<string>;
  send(message: NonNullable<AttachResponse['kind']>): void;
}

export interface HostEdges {
  attached(host: HostConnection): Promise<void>;
  detached(host: HostConnection): void;
  /** It could not tell its machine to restart, or not to. */
  restartFailed(message: string): Promise<void>;
  /** What `host.confinement` says is new. */
  confined(host: HostConnection): Promise<void>;
  /** Resolves when the event is durable, or needs not be. */
  event(host: HostConnection, event: LinkEvent): Promise<void>;
}

/** A UUID has 36. */
const BOOT_ID_MAX = 64;

type Attach = ServerDuplexStream<AttachRequest, AttachResponse>;

/** The service to register on the link's socket. */
export function linkService(deps: {
  edges: HostEdges;
  readBundle: (sha256: string) => AsyncIterable<Uint8Array>;
  log: Log;
}): { definition: typeof LinkServiceService; handlers: LinkServiceServer } {
  const streams = new Map<string, Attach>();
  const handled: Handled = new Map();
  return {
    definition: LinkServiceService,
    handlers: {
      attach: (stream) => {
        void serveHost(stream, { streams, handled, edges: deps.edges, log: deps.log });
      },
      readBundle: (call) => {
        void sendBundle(call, deps.readBundle, deps.log);
      },
    },
  };
}

/** The last event handled of each host's present instance. */
type Handled = Map<string, { readonly instanceId: string; readonly sequence: number }>;

async function serveHost(
  stream: Attach,
  deps: { streams: Map<string, Attach>; handled: Handled; edges: HostEdges; log: Log },
): Promise<void> {
  const { streams, handled, edges, log } = deps;
  let host: (HostConnection & { confinement: Confinement | undefined }) | undefined;
  try {
    // Not destroyed when we leave the loop: then the host would never hear that this stream has ended.
    const requests = stream.iterator({ destroyOnReturn: false });
    for await (const { kind } of requests as AsyncIterable<AttachRequest>) {
      if (kind?.$case === 'hello' && host === undefined) {
        streams.get(kind.value.hostId)?.end(); // K3
        streams.set(kind.value.hostId, stream);
        host = connectionOf(stream, kind.value);
        host.send({ $case: 'welcome', value: {} });
        await edges.attached(host);
      } else if (kind?.$case === 'confinement' && host !== undefined) {
        host.confinement = confinementFromWire(kind.value);
        await edges.confined(host);
      } else if (kind?.$case === 'event' && host !== undefined) {
        const event = eventFromWire(kind.value);
        const { hostId, instanceId } = host;
        const last = handled.get(hostId);
        if (last?.instanceId !== instanceId || event.sequence > last.sequence) {
          await edges.event(host, event); // K1, K2, K4
          handled.set(hostId, { instanceId, sequence: event.sequence });
        }
        host.send({ $case: 'acknowledge', value: { sequence: BigInt(event.sequence) } });
      } else if (kind?.$case === 'restartFailed' && host !== undefined) {
        await edges.restartFailed(displayText(kind.value.message, 256));
      } else {
        log.warn({ kind: kind?.$case }, 'a host sent a message out of turn');
        break;
      }
    }
  } catch (error) {
    log.debug({ err: error, host: host?.hostId }, 'the link to a host ended');
  } finally {
    if (host !== undefined && streams.get(host.hostId) === stream) {
      streams.delete(host.hostId);
      edges.detached(host);
    }
    stream.end();
  }
}

function connectionOf(
  stream: Attach,
  hello: { hostId: string; instanceId: string; bootId: string; runIds: string[] },
): HostConnection & { confinement: Confinement | undefined } {
  return {
    hostId: hello.hostId,
    instanceId: hello.instanceId,
    confinement: undefined,
    bootId: hello.bootId === '' ? undefined : displayText(hello.bootId, BOOT_ID_MAX),
    runIds: new Set(hello.runIds),
    // A few hundred bytes per run at most: what a host does not read is bounded by its slots.
    send: (kind) => {
      if (!stream.destroyed && !stream.writableEnded) stream.write({ kind });
    },
  };
}

async function sendBundle(
  call: ServerWritableStream<ReadBundleRequest, ReadBundleResponse>,
  readBundle: (sha256: string) => AsyncIterable<Uint8Array>,
  log: Log,
): Promise<void> {
  try {
    for await (const chunk of readBundle(call.request.sha256)) {
      if (call.cancelled) return;
      if (!call.write({ chunk: Buffer.from(chunk) })) await drained(call);
    }
    call.end();
  } catch (error) {
    log.warn({ err: error, sha256: call.request.sha256 }, 'a bundle could not be read');
    call.emit('error', rpcError(status.NOT_FOUND, 'BUNDLE_INVALID', (error as Error).message));
  }
}

function drained(call: ServerWritableStream<unknown, unknown>): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', resolve);
    call.once('cancelled', resolve);
    call.once('close', resolve);
  });
}
