// A limit on the headers and trailers of gRPC calls, for both sides (T23).
//
// grpc-js has no option for it: the HTTP/2 library lets tens of kilobytes through, which a hostile
// peer could make us hold once per stream.

import {
  InterceptingCall,
  Metadata,
  ServerInterceptingCall,
  status,
  type Interceptor,
  type ServerInterceptor,
} from '@grpc/grpc-js';

const METADATA_BYTES_MAX = 8 * 1024;
/** What HTTP/2 counts for an entry beyond its name and value. */
const ENTRY_BYTES = 32;

const tooLarge = {
  code: status.RESOURCE_EXHAUSTED,
  details: `headers of more than ${String(METADATA_BYTES_MAX)} bytes`,
  metadata: new Metadata(),
};

/** Refuses calls whose headers are too large, before their handler is started. */
export const serverHeaderLimit: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata: (metadata, nextMetadata) => {
          if (metadataBytes(metadata) > METADATA_BYTES_MAX) call.sendStatus(tooLarge);
          else nextMetadata(metadata);
        },
      });
    },
  });

/** Fails calls that are answered with headers or trailers that are too large. */
export const clientHeaderLimit: Interceptor = (options, nextCall) => {
  const call = new InterceptingCall(nextCall(options), {
    start: (metadata, _listener, next) => {
      next(metadata, {
        onReceiveMetadata: (received, nextMetadata) => {
          if (metadataBytes(received) <= METADATA_BYTES_MAX) {
            nextMetadata(received);
            return;
          }
          call.cancelWithStatus(tooLarge.code, tooLarge.details);
          // The status waits behind the headers, so some have to be passed on.
          nextMetadata(new Metadata());
        },
        onReceiveStatus: (received, nextStatus) => {
          nextStatus(metadataBytes(received.metadata) > METADATA_BYTES_MAX ? tooLarge : received);
        },
      });
    },
  });
  return call;
};

function metadataBytes(metadata: Metadata): number {
  let total = 0;
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) {
      total += Buffer.byteLength(name) + Buffer.byteLength(value) + ENTRY_BYTES;
    }
  }
  return total;
}
