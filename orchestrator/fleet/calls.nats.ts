// Calls about one machine, carried between orchestrators: any of them takes a call, and the one that leads
// the machine's partition answers it. Unary calls, in the bytes that gRPC gives them.

import { Metadata, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { headers, RequestError, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { OperatorServiceService } from '../../proto/gen/lull/operator/v1/operator.js';
import { ListHostsResponse } from '../../proto/gen/lull/operator/v1/fleet.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { pause } from '../../runtime/deadline.js';
import { reasonOf } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { RpcFailure } from '../api/answer.grpc.js';
import { hostToWire } from '../api/host.wire.js';
import { operatorHandlers } from '../api/operator.grpc.js';
import { callerIn, socketOwner, urnOf, type Caller } from '../trust/caller.js';
import type { Room } from './room.loop.js';

const METHOD = 'lull-method';
const CALLER = 'lull-caller';
const HOST = 'lull-host';
const CODE = 'lull-code';
const REASON = 'lull-reason';
const LIST_HOSTS = 'ListHosts';
const ASK_MS_MAX = 8_000;
/** Longer than a partition is without a leader when one dies. */
const LEADERLESS_MS_MAX = 5_000;
const ASK_AGAIN_MS = 200;

type Method = keyof typeof OperatorServiceService;
interface Unary {
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly requestSerialize: (request: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (response: never) => Buffer;
}
type Handler = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void;

const unary: ReadonlyMap<string, Unary> = new Map(
  Object.entries(OperatorServiceService).flatMap(([name, method]): [string, Unary][] =>
    method.responseStream ? [] : [[name, method]],
  ),
);

/** The names of the calls that are carried. */
export const carriedMethods = [...unary.keys()] as readonly Method[];

/** Answers for the machines of a partition. */
export function serveCalls(deps: {
  readonly nats: Nats;
  readonly partition: string;
  readonly roomOf: (hostId: string) => Room;
  readonly hosts: () => readonly string[];
  readonly isKnown: (hostId: string) => boolean;
  readonly log: Log;
}): Closeable {
  const { partition, roomOf, log } = deps;

  function answer(message: Msg): void {
    const method = message.headers?.get(METHOD) ?? '';
    const hostId = message.headers?.get(HOST) ?? '';
    if (method === LIST_HOSTS) {
      const hosts = deps.hosts().map((id) => hostToWire(id, partition, roomOf(id).operator));
      const all = { hosts, nextPageToken: '', unserved: [] };
      message.respond(ListHostsResponse.encode(all).finish());
      return;
    }
    const codec = unary.get(method);
    if (codec === undefined || !deps.isKnown(hostId)) {
      fail(
        message,
        status.NOT_FOUND,
        'UNKNOWN_HOST',
        `no machine of the fleet is called "${hostId}"`,
      );
      return;
    }
    const caller = callerIn(message.headers?.get(CALLER)) ?? socketOwner;
    const room = { ...roomOf(hostId).operator, callerOf: () => caller };
    const handler = operatorHandlers(room)[method as Method] as Handler;
    const request = codec.requestDeserialize(Buffer.from(message.data));
    const call = { request, metadata: new Metadata(), cancelled: false };
    handler(call as unknown as ServerUnaryCall<unknown, unknown>, (error, response) => {
      if (error !== null) {
        const known = error as { code?: status; details?: string; message?: string };
        const reason = reasonOf(error) ?? 'INTERNAL';
        fail(message, known.code ?? status.INTERNAL, reason, known.details ?? known.message ?? '');
      } else message.respond(codec.responseSerialize(response as never));
    });
  }

  const asks = deps.nats.connection.subscribe(subjects.ask(partition), {
    callback: (error, message) => {
      if (error !== null) return;
      try {
        answer(message);
      } catch (failure) {
        log.error({ err: failure }, 'a call from another orchestrator failed');
        fail(message, status.INTERNAL, 'INTERNAL', (failure as Error).message);
      }
    },
  });
  return {
    close: () => {
      asks.unsubscribe();
    },
  };
}

function fail(message: Msg, code: status, reason: string, words: string): void {
  const failure = headers();
  failure.set(CODE, String(code));
  failure.set(REASON, reason);
  message.respond(words, { headers: failure });
}

/** Asks whoever leads the machine's partition. @throws RpcFailure with what it said. */
export async function askAbout(
  nats: Nats,
  hostId: string,
  method: Method,
  request: unknown,
  caller: Caller,
): Promise<unknown> {
  const codec = unary.get(method);
  if (codec === undefined) throw new Error(`${method} is not carried`);
  const bytes = codec.requestSerialize(request as never);
  const answer = await ask(nats, partitionOf(hostId), method, { hostId, caller }, bytes);
  return codec.responseDeserialize(Buffer.from(answer.data));
}

/** Every machine of a partition, or undefined where nobody answers for it. */
export async function askForHosts(
  nats: Nats,
  partition: string,
): Promise<ListHostsResponse | undefined> {
  try {
    const { data } = await ask(nats, partition, LIST_HOSTS, { hostId: '' }, new Uint8Array());
    return ListHostsResponse.decode(data);
  } catch (error) {
    if (error instanceof RpcFailure && error.grpcCode === status.UNAVAILABLE) return undefined;
    throw error;
  }
}

async function ask(
  nats: Nats,
  partition: string,
  method: string,
  { hostId, caller }: { readonly hostId: string; readonly caller?: Caller },
  body: Uint8Array,
): Promise<Msg> {
  const about = headers();
  about.set(METHOD, method);
  about.set(HOST, hostId);
  // Whoever takes a call has looked whose it is; nobody but an orchestrator speaks here.
  if (caller?.name !== undefined) about.set(CALLER, `URI:${urnOf(caller.role, caller.name)}`);
  const answer = await askLeader(nats, partition, body, about);
  const code = answer.headers?.get(CODE);
  if (code === undefined || code === '') return answer;
  throw new RpcFailure(statusOf(code), answer.headers?.get(REASON) ?? '', answer.string());
}

/** Waits for one where there is none: such a call has not reached anybody, and may be made again. */
async function askLeader(
  nats: Nats,
  partition: string,
  body: Uint8Array,
  about: MsgHdrs,
): Promise<Msg> {
  const giveUpAtMs = performance.now() + LEADERLESS_MS_MAX;
  for (;;) {
    try {
      const options = { timeout: ASK_MS_MAX, headers: about };
      return await nats.connection.request(subjects.ask(partition), body, options);
    } catch (error) {
      const isNobodyThere = error instanceof RequestError && error.isNoResponders();
      if (!isNobodyThere || performance.now() >= giveUpAtMs) {
        const why = (error as Error).message;
        const message = `no orchestrator answers for partition ${partition} now (${why}); try again in a moment`;
        throw new RpcFailure(status.UNAVAILABLE, 'FLEET_BUSY', message);
      }
      await pause(ASK_AGAIN_MS);
    }
  }
}

function statusOf(code: string): status {
  const name = status[Number(code)] as keyof typeof status | undefined;
  return name === undefined ? status.UNKNOWN : status[name];
}
