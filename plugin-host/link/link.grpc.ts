// The link inside a machine: a gRPC stream over a Unix socket.

import { LinkServiceClient, type ReadBundleResponse } from '../../proto/gen/lull/link/v1/link.js';
import { dialUnix } from '../../runtime/grpc.js';
import type { LinkCarrier } from './carrier.wire.js';

/**
 * Dialling a socket that nobody listens on costs nobody anything, and every run stands still until an
 * orchestrator that was started again is found.
 */
const RETRY_MS_MAX = 500;

/** @param socketPath of the orchestrator's link. */
export function grpcCarrier(socketPath: string): LinkCarrier {
  const client = dialUnix(LinkServiceClient, socketPath);
  return {
    attach: () => client.attach(),
    retryMsMax: RETRY_MS_MAX,
    readBundle: (sha256, signal) => readChunks(client, sha256, signal),
    close: () => {
      client.close();
    },
  };
}

async function* readChunks(
  client: LinkServiceClient,
  sha256: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const call = client.readBundle({ sha256 });
  const cancel = (): void => {
    call.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for await (const { chunk } of call as AsyncIterable<ReadBundleResponse>) yield chunk;
  } finally {
    signal.removeEventListener('abort', cancel);
    call.cancel();
  }
}
