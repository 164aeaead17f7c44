// gRPC on Unix sockets: serving and dialling, in one place. Over TCP: see tcp.grpc.ts.
//
// Invariants:
//   G1, G2. As of the path of a socket (socket-path.fs.ts).
//   G3. Every message and every header has a size limit on both sides.
//   G4. Every call is traced where tracing is on: no caller can forget it.
//   G5. What a server itself is to blame for is in its log (faults.grpc.ts).

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import {
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ChannelOptions,
  type Client,
  type Interceptor,
  type ServerInterceptor,
  type ServiceError,
  status as statusCode,
  type StatusObject,
} from '@grpc/grpc-js';
import { openDoor, type Door } from './door.grpc.js';
import { keepCause, serverFaults } from './faults.grpc.js';
import type { Log } from './log.js';
import { REASON_KEY } from './reason.js';
import { freeSocketPath } from './socket-path.fs.js';
import { boundStreams } from './streams.grpc.js';
import { clientTracing, serverTracing } from './telemetry.grpc.js';
import { clientHeaderLimit, serverHeaderLimit } from './header-limit.grpc.js';

const STOP_GRACE_MS = 300;
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Calls that one connection may have open at once; what is beyond waits with the caller (T23). */
const STREAMS_MAX = 128;

/** Streams of one verb that a server has open at once: ours are a handful, and each may hold megabytes. */
export const SERVER_STREAMS_MAX = 64;

/** G3 */
export const LIMITS: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_concurrent_streams': STREAMS_MAX,
};

export interface Listener {
  readonly path: string;
  close(): Promise<void>;
}

/** What callers that are not ours can make a server hold: in all, the product of the three (T23). */
export interface Bounds {
  readonly connectionsMax: number;
  /** Of each connection, at once. */
  readonly callsMax: number;
  readonly messageBytesMax: number;
}

/**
 * Serves what `register` adds on a Unix socket.
 * @param mode permission bits of the socket file: its only access control.
 * @param bounds absent: whoever may connect is one of us.
 * @param log G5; absent: whoever serves tells of it, at a pace that strangers cannot set.
 * @throws SocketInUseError when somebody answers there.
 */
export async function serveUnix(options: {
  path: string;
  mode: number;
  bounds?: Bounds;
  log?: Log;
  /** Absent: calls are handled as they come. */
  turns?: ServerInterceptor;
  register: (server: Server) => void;
}): Promise<Listener> {
  const { path, mode, bounds, log, turns } = options;
  await freeSocketPath(path);
  const server = new Server({
    ...LIMITS,
    ...(bounds === undefined ? {} : limitsOf(bounds)),
    interceptors: [
      ...serverTracing(),
      serverHeaderLimit,
      // What callers that are not ours may have open is bounded by `bounds`.
      ...(bounds === undefined ? [boundStreams({ serverMax: SERVER_STREAMS_MAX }, tooMany)] : []),
      ...(turns === undefined ? [] : [turns]),
      ...(log === undefined ? [] : [serverFaults(log)]),
    ],
  });
  options.register(server);
  const door = await (bounds === undefined
    ? bind(server, path)
    : openDoor(server, path, bounds.connectionsMax));
  chmodSync(path, mode);
  let closing: Promise<void> | undefined;
  return {
    path,
    close: () => {
      closing ??= stop(server, door, path);
      return closing;
    },
  };
}

function limitsOf({ callsMax, messageBytesMax }: Bounds): ChannelOptions {
  return {
    'grpc.max_concurrent_streams': callsMax,
    'grpc.max_receive_message_length': messageBytesMax,
  };
}

async function bind(server: Server, path: string): Promise<undefined> {
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

async function stop(server: Server, door: Door | undefined, path: string): Promise<void> {
  door?.close();
  await stopServing(server);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}

/** Lets calls end for a moment, then ends them. */
export async function stopServing(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, STOP_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export type ClientClass<C> = new (
  address: string,
  creds: ReturnType<typeof credentials.createInsecure>,
  options?: ChannelOptions,
) => C;

const CLIENT_OPTIONS: ChannelOptions = {
  ...LIMITS,
  // The default of 1 s is felt by a person who restarts a service; see docs/decisions.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5_000,
  // Each channel its own connection: a hostile peer must not share one with anybody.
  'grpc.use_local_subchannel_pool': 1,
};

/** Whoever calls again on a socket of this machine paces itself; two paces would add up to many seconds. */
const SOCKET_OPTIONS: ChannelOptions = { 'grpc.max_reconnect_backoff_ms': 100 };

/** Of every client. G4: each call is traced as of when it is made. */
export function clientOptions(also: readonly Interceptor[] = []): ChannelOptions {
  return { ...CLIENT_OPTIONS, interceptors: [...also, ...clientTracing(), clientHeaderLimit] };
}

/** Of every client on a Unix socket. */
export function socketOptions(also: readonly Interceptor[] = []): ChannelOptions {
  return { ...clientOptions(also), ...SOCKET_OPTIONS };
}

/**
 * A client of a generated service on a Unix socket. Connects on first use, reconnects fast.
 * @param also what each of its calls goes through
 */
export function dialUnix<C extends Client>(
  service: ClientClass<C>,
  path: string,
  also: readonly Interceptor[] = [],
): C {
  return new service(`unix:${path}`, credentials.createInsecure(), socketOptions(also));
}

/** Promisifies one unary call with a deadline. */
export function unary<Request, Response>(
  call: (
    request: Request,
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, response: Response) => void,
  ) => unknown,
  request: Request,
  options: { deadlineMs: number; metadata?: Metadata },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call(
      request,
      options.metadata ?? new Metadata(),
      { deadline: Date.now() + options.deadlineMs },
      (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      },
    );
  });
}

/**
 * An error to answer a call with: gRPC code, reason of the contract's table, words for people.
 * @param cause for the log, where it is our fault (G5).
 */
export function rpcError(
  code: statusCode,
  reason: string,
  message: string,
  cause?: unknown,
): Partial<StatusObject> & { readonly metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set(REASON_KEY, reason);
  if (cause !== undefined) keepCause(metadata, cause);
  return { code, details: message, metadata };
}

/** What a stream too many is answered with. */
export function tooMany(details: string): StatusObject {
  const code = statusCode.RESOURCE_EXHAUSTED;
  return { ...rpcError(code, 'RATE_LIMITED', details), code, details };
}
