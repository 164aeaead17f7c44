// Calls about one machine, carried between orchestrators: any of them takes a call, and the one that leads
// the machine's partition answers it. Unary calls, in the bytes that gRPC gives them.
//
// Invariant: C1. Every call is answered, and no answer throws: one that the server would not carry is
// answered with a reason.

import { Metadata, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { headers, RequestError, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import { formatBytes } from '../../conditions/words.js';
import { OperatorServiceService } from '../../proto/gen/lull/operator/v1/operator.js';
import { ListHostsRequest, ListHostsResponse } from '../../proto/gen/lull/operator/v1/fleet.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { pause } from '../../runtime/deadline.js';
import { faultOf, noted } from '../../runtime/faults.grpc.js';
import { rpcError } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { operatorHandlers } from '../api/operator.grpc.js';
import { hearSaid, marked, reply } from '../link/say.nats.js';
import { callerIn, socketOwner, urnOf, type Caller } from '../trust/caller.js';
import { RpcFailure, statusOf } from '../world/answer.grpc.js';
import { hostsPage, type TellingHosts } from './hosts-page.loop.js';

const METHOD = 'lull-method';
const CALLER = 'lull-caller';
const HOST = 'lull-host';
const CODE = 'lull-code';
const REASON = 'lull-reason';
const FAULT = 'lull-fault';
const LIST_HOSTS = 'ListHosts';
const ASK_MS_MAX = 8_000;
/** The whole journal is read for it: some 10,000 entries a second. */
const VERIFY_MS_MAX = 300_000;
/** Room for the headers beside an answer, and for the words of a failure. */
const HEADERS_BYTES_MAX = 1_024;
const WORDS_CHARS_MAX = 4_096;
/** Longer than a partition is without a leader when one dies. */
const LEADERLESS_MS_MAX = 5_000;
const ASK_AGAIN_MS = 200;

type Method = keyof typeof OperatorServiceService;
const VERIFY_AUDIT: Method = 'verifyAudit';
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
export function serveCalls(
  deps: TellingHosts & {
    readonly nats: Nats;
    readonly isKnown: (hostId: string) => boolean;
    readonly log: Log;
  },
): Closeable {
  const { partition, roomOf, log } = deps;
  const { connection } = deps.nats;

  /** @param error as a handler answers it. */
  function fail(message: Msg, method: string, error: Parameters<typeof noted>[0]): void {
    const { code, details, metadata } = noted(error, method, log);
    const failure = headers();
    failure.set(CODE, String(code));
    failure.set(REASON, reasonIn(reasonOf(error)));
    const fault = faultOf(metadata);
    if (fault !== undefined) failure.set(FAULT, fault);
    reply(message, details.slice(0, WORDS_CHARS_MAX), log, failure);
  }

  /** C1. */
  function respond(message: Msg, method: string, bytes: Uint8Array): void {
    const bytesMax = (connection.info?.max_payload ?? 0) - HEADERS_BYTES_MAX;
    if (bytes.length <= bytesMax) {
      reply(message, bytes, log);
      return;
    }
    const words = `the answer to ${method} takes ${formatBytes(bytes.length)}, and the server of the fleet carries ${formatBytes(bytesMax)}: ask for less`;
    fail(message, method, rpcError(status.RESOURCE_EXHAUSTED, 'ANSWER_TOO_LARGE', words));
  }

  function answer(message: Msg): void {
    const method = message.headers?.get(METHOD) ?? '';
    const hostId = message.headers?.get(HOST) ?? '';
    if (method === LIST_HOSTS) {
      hostsPage(deps, ListHostsRequest.decode(message.data)).then(
        (page) => {
          respond(message, method, ListHostsResponse.encode(page).finish());
        },
        (error: unknown) => {
          fail(message, method, statusOf(error));
        },
      );
      return;
    }
    const codec = unary.get(method);
    if (codec === undefined || !deps.isKnown(hostId)) {
      fail(message, method, statusOf(unknownHost(hostId)));
      return;
    }
    const caller = callerIn(message.headers?.get(CALLER)) ?? socketOwner;
    const room = { ...roomOf(hostId).operator, callerOf: () => caller };
    const handler = operatorHandlers(room)[method as Method] as Handler;
    const request = codec.requestDeserialize(Buffer.from(message.data));
    const call = { request, metadata: new Metadata(), cancelled: false };
    handler(call as unknown as ServerUnaryCall<unknown, unknown>, (error, response) => {
      if (error !== null) fail(message, method, error);
      else respond(message, method, codec.responseSerialize(response as never));
    });
  }

  const asks = hearSaid(connection, subjects.ask(partition), log, (message) => {
    try {
      answer(message);
    } catch (failure) {
      fail(message, message.headers?.get(METHOD) ?? '', statusOf(failure));
    }
  });
  return {
    close: () => {
      asks.unsubscribe();
    },
  };
}

export function unknownHost(hostId: string): RpcFailure {
  const words = `no machine of the fleet is called "${hostId}"; "lull fleet hosts" lists them`;
  return new RpcFailure(status.NOT_FOUND, 'UNKNOWN_HOST', words);
}

/** One that only a newer orchestrator knows is one that this one cannot tell more of. */
function reasonIn(text: string | undefined): ReasonCode {
  return text !== undefined && isReasonCode(text) ? text : 'INTERNAL';
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

/**
 * A page of the machines of a partition, or undefined where nobody answers for it.
 * @param isPatient whether one that has no leader now is waited for.
 */
export async function askForHosts(
  nats: Nats,
  partition: string,
  request: ListHostsRequest,
  isPatient: boolean,
): Promise<ListHostsResponse | undefined> {
  try {
    const body = ListHostsRequest.encode(request).finish();
    const patienceMs = isPatient ? LEADERLESS_MS_MAX : 0;
    const { data } = await ask(nats, partition, LIST_HOSTS, { hostId: '' }, body, patienceMs);
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
  patienceMs = LEADERLESS_MS_MAX,
): Promise<Msg> {
  const about = marked();
  about.set(METHOD, method);
  about.set(HOST, hostId);
  // Whoever takes a call has looked whose it is; nobody but an orchestrator speaks here.
  if (caller?.name !== undefined) about.set(CALLER, `URI:${urnOf(caller.role, caller.name)}`);
  const timeout = method === VERIFY_AUDIT ? VERIFY_MS_MAX : ASK_MS_MAX;
  const asked = { timeout, headers: about };
  const answer = await askLeader(nats, partition, body, asked, patienceMs);
  const code = answer.headers?.get(CODE);
  if (code === undefined || code === '') return answer;
  const fault = answer.headers?.get(FAULT);
  throw new RpcFailure(codeOf(code), reasonIn(answer.headers?.get(REASON)), answer.string(), {
    fault: fault === '' ? undefined : fault,
  });
}

/** Waits for one where there is none: such a call has not reached anybody, and may be made again. */
async function askLeader(
  nats: Nats,
  partition: string,
  body: Uint8Array,
  options: { readonly timeout: number; readonly headers: MsgHdrs },
  patienceMs: number,
): Promise<Msg> {
  const giveUpAtMs = performance.now() + patienceMs;
  for (;;) {
    try {
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

function codeOf(code: string): status {
  const name = status[Number(code)] as keyof typeof status | undefined;
  return name === undefined ? status.UNKNOWN : status[name];
}
