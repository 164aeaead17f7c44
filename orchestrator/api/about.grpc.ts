// Which machine a call is about, and what a machine by itself says to whoever means another one.

import {
  status,
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { OperatorServiceServer } from '../../proto/gen/lull/operator/v1/operator.js';
import { HOST_KEY } from '../../proto/wire/about.js';
import { rpcError } from '../../runtime/grpc.js';

type Call = ServerUnaryCall<unknown, unknown> & ServerWritableStream<unknown, unknown>;
type Handler = (call: Call, callback?: sendUnaryData<unknown>) => void;

export function hostIn(metadata: Metadata): string | undefined {
  const [hostId] = metadata.get(HOST_KEY);
  return hostId === undefined ? undefined : String(hostId);
}

/** An order for a machine of a fleet is not carried out by another one that happens to be asked. */
export function onlyAbout(
  hostId: () => string,
  handlers: OperatorServiceServer,
): OperatorServiceServer {
  const guarded = Object.entries(handlers).map(([method, handler]): [string, Handler] => [
    method,
    (call, callback) => {
      const meant = hostIn(call.metadata);
      if (meant === undefined || meant === hostId()) {
        (handler as Handler)(call, callback);
        return;
      }
      const message = `this is ${hostId()}, a machine by itself, and knows no ${meant}: leave out --host (LULL_HOST), or ask an orchestrator of the fleet (--orchestrator)`;
      const refusal = rpcError(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
      if (callback === undefined) call.emit('error', refusal);
      else callback(refusal);
    },
  ]);
  return { ...handlers, ...Object.fromEntries(guarded) };
}
