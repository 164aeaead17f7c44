// gRPC over TCP: with certificates on both sides, or not at all.
//
// Invariants, besides those of grpc.ts:
//   T1. There is no way to serve or to dial here without TLS, and none to be served without a
//       certificate of the same authority.
//   T2. Whoever serves is asked about every call (admission.grpc.ts).

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { checkServerIdentity } from 'node:tls';
import {
  credentials,
  Server,
  ServerCredentials,
  status,
  type ChannelOptions,
  type Client,
  type Interceptor,
  type ServerInterceptor,
  type StatusObject,
} from '@grpc/grpc-js';
import { admission, type TcpCall, type TcpRefusal } from './admission.grpc.js';
import type { Clock } from './clock.js';
import {
  clientOptions,
  LIMITS,
  rpcError,
  SERVER_STREAMS_MAX,
  stopServing,
  tooMany,
  type ClientClass,
} from './grpc.js';
import { serverFaults } from './faults.grpc.js';
import { serverHeaderLimit } from './header-limit.grpc.js';
import type { Log } from './log.js';
import type { Closeable } from './shutdown.js';
import { boundStreams } from './streams.grpc.js';
import { serverTracing } from './telemetry.grpc.js';

/** A peer that vanished without a word is noticed within a minute. */
const ALIVE: ChannelOptions = {
  'grpc.keepalive_time_ms': 40_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** Of whoever has some terminals and a dashboard open. */
const CLIENT_STREAMS_MAX = 8;
const STREAMS = { serverMax: SERVER_STREAMS_MAX, clientMax: CLIENT_STREAMS_MAX };

export interface TcpListener extends Closeable {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param address "host:port"; port 0 is any
 * @param directory with ca.pem, cert.pem and key.pem
 */
export async function serveTcp(options: {
  address: string;
  directory: string;
  register: (server: Server) => void;
  refuse: (call: TcpCall) => TcpRefusal | undefined;
  /** Whose a certificate is, in words, by the names that it has beside its subject. */
  clientOf: (alternativeNames: string | undefined) => string;
  turns: ServerInterceptor;
  clock: Clock;
  log: Log;
}): Promise<TcpListener> {
  const { address, directory, clientOf, clock, log } = options;
  const server = new Server({
    ...LIMITS,
    ...ALIVE,
    interceptors: [
      ...serverTracing(),
      serverHeaderLimit,
      admission(options.refuse, refusalOf, clock),
      boundStreams(STREAMS, tooMany, (call) => clientOf(namesOf(call))),
      options.turns,
      serverFaults(log),
    ],
  });
  options.register(server);
  const { ca, cert, key } = pemFiles(directory);
  const tls = ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true); // T1
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, tls, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  let closing: Promise<void> | undefined;
  return { port, close: () => (closing ??= stopServing(server)) };
}

function namesOf(call: Parameters<ServerInterceptor>[1]): string | undefined {
  return call.getAuthContext().sslPeerCertificate?.subjectaltname;
}

/** T2 */
function refusalOf({ reason, message: details }: TcpRefusal): StatusObject {
  const code = status.PERMISSION_DENIED;
  return { ...rpcError(code, reason, details), code, details };
}

/**
 * A client of a generated service over TCP.
 * @param serverUrn what the server's certificate has to begin an alternative name with, besides having
 *   the name that was dialled: whoever has some certificate is not yet a server; `also`: what each call
 *   goes through
 */
export function dialTcp<C extends Client>(
  service: ClientClass<C>,
  options: { address: string; directory: string; serverUrn: string; also?: readonly Interceptor[] },
): C {
  const { ca, cert, key } = pemFiles(options.directory);
  const wanted = `URI:${options.serverUrn}`;
  const host = options.address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const tls = credentials.createSsl(ca, key, cert, {
    checkServerIdentity: (_asked, certificate) => {
      const problem = checkServerIdentity(host, certificate);
      if (problem !== undefined) return problem;
      const names = (certificate.subjectaltname ?? '').split(', ');
      if (names.some((name) => name.startsWith(wanted))) return undefined;
      return new Error(`the certificate of ${host} has no name that begins with ${wanted}`);
    },
  });
  // An address is no name to ask for; what the certificate is held against is the address all the same.
  const asked = isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'lull.invalid' };
  return new service(options.address, tls, { ...clientOptions(options.also), ...ALIVE, ...asked });
}

function pemFiles(directory: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const file = (name: string): Buffer => readFileSync(join(directory, name));
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}
