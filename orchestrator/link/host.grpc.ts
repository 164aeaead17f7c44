// The orchestrator's end of the link inside a machine: one stream per plugin-host.

import { status, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { isReasonCode } from '../../conditions/reason.js';
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
import { createHostSessions, type HostEdges, type HostSessions } from './host-session.loop.js';

type Attach = ServerDuplexStream<AttachRequest, AttachResponse>;

/** The service to register on the link's socket. */
export function linkService(deps: {
  edges: HostEdges;
  readBundle: (sha256: string) => AsyncIterable<Uint8Array>;
  log: Log;
}): { definition: typeof LinkServiceService; handlers: LinkServiceServer } {
  const sessions = createHostSessions(deps);
  return {
    definition: LinkServiceService,
    handlers: {
      attach: (stream) => {
        void serveHost(stream, sessions, deps.log);
      },
      readBundle: (call) => {
        void sendBundle(call, deps.readBundle, deps.log);
      },
    },
  };
}

async function serveHost(stream: Attach, sessions: HostSessions, log: Log): Promise<void> {
  const session = sessions.open({
    // A few hundred bytes per run at most: what a host does not read is bounded by its slots.
    send: (kind) => {
      if (!stream.destroyed && !stream.writableEnded) stream.write({ kind });
    },
    replaced: () => {
      stream.end();
    },
  });
  try {
    // Not destroyed when we leave the loop: then the host would never hear that this stream has ended.
    const requests = stream.iterator({ destroyOnReturn: false });
    for await (const { kind } of requests as AsyncIterable<AttachRequest>) {
      const heard = await session.hear(kind).catch((error: unknown) => {
        // It says it again, over a link of its own.
        stream.emit('error', whyNotHeard(error));
      });
      if (heard !== 'heard') break;
    }
  } catch (error) {
    log.debug({ err: error }, 'the link to a host ended');
  } finally {
    session.end();
    stream.end();
  }
}

function whyNotHeard(error: unknown) {
  const { code, message } = error as Error & { readonly code?: unknown };
  if (typeof code !== 'string' || !isReasonCode(code))
    return rpcError(status.INTERNAL, 'INTERNAL', message, error);
  return rpcError(status.UNAVAILABLE, code, message);
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
