// Who calls, told from the connection that a call came by.

import type { ServerUnaryCall } from '@grpc/grpc-js';
import { callerIn, socketOwner, type Caller } from './caller.js';

type Call = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>;

export type CallerOf = (call: Call) => Caller;

/** On the Unix socket: its file lets nobody else in. */
export const byOwnership: CallerOf = () => socketOwner;

/** Over TCP. @throws Error for a certificate that names nobody, which was refused before. */
export const byCertificate: CallerOf = (call) => {
  const caller = callerIn(call.getAuthContext().sslPeerCertificate?.subjectaltname);
  if (caller === undefined) throw new Error('a call without a caller reached its handler');
  return caller;
};
