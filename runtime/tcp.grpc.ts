// gRPC over TCP: with certificates on both sides, or not at all.
//
// Invariants, besides those of grpc.ts:
//   T1. There is no way to serve or to dial here without TLS, and none to be served without a
//       certificate of the same authority.
//   T2. Whoever serves is asked about every call before its handler is started.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { checkServerIdentity } from 'node:tls';
import {
  credentials,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status,
  type ChannelOptions,
  type Client,
  type Interceptor,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { clientOptions, LIMITS, rpcError, stopServing, type ClientClass } from './grpc.js';
import { serverFaults } from './faults.grpc.js';
import { serverHeaderLimit } from './header-limit.grpc.js';
import type { Log } from './log.js';
import type { Closeable } from './shutdown.js';
import { serverTracing } from './telemetry.grpc.js';

/** A peer that vanished without a word is noticed within a minute. */
const ALIVE: ChannelOptions = {
  'grpc.keepalive_time_ms': 40_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** What a call is judged by. */
export interface TcpCall {
  /** "/package.Service/Method" */
  readonly path: string;
  /** Of the caller's certificate, as Node has them: "URI:…, DNS:…". */
  readonly alternativeNames: string | undefined;
  /** Serial number of the certificate, hexadecimal. */
  readonly serial: string;
}

export interface TcpRefusal {
  readonly reason: string;
  readonly message: string;
}

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
  log: Log;
}): Promise<TcpListener> {
  const { address, directory, log } = options;
  const server = new Server({
    ...LIMITS,
    ...ALIVE,
    interceptors: [
      ...serverTracing(),
      serverHeaderLimit,
      admission(options.refuse),
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

/** T2 */
function admission(refuse: (call: TcpCall) => TcpRefusal | undefined): ServerInterceptor {
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            const certificate = call.getAuthContext().sslPeerCertificate;
            const { subjectaltname: alternativeNames, serialNumber: serial = '' } =
              certificate ?? {};
            const refusal = refuse({ path: method.path, alternativeNames, serial });
            if (refusal === undefined) nextMetadata(metadata);
            else {
              const { reason, message: details } = refusal;
              const code = status.PERMISSION_DENIED;
              call.sendStatus({ ...rpcError(code, reason, details), code, details });
            }
          },
        });
      },
    });
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
