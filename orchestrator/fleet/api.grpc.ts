// The fleet's API, as any of its orchestrators serves it: what is about one machine is asked of whoever
// leads its partition, what is about all of them is answered here.

import { status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { OperatorServiceServer } from '../../proto/gen/lull/operator/v1/operator.js';
import type {
  ListHostsRequest,
  ListHostsResponse,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import { isSubjectName, partitions } from '../../proto/subjects.js';
import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { hostIn } from '../api/about.grpc.js';
import { answer, RpcFailure, statusOf } from '../world/answer.grpc.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import type { Caller } from '../trust/caller.js';
import { askAbout, askForHosts, carriedMethods, unknownHost } from './calls.nats.js';
import { nextHosts } from './next-hosts.js';
import { watchHost } from './watch-host.nats.js';

/** Machines of an answer. */
const PAGE = 1_000;
const SPREAD = 1.25;
/** A watch begins late by no more. */
const KNOWN_MS_MAX = 2_000;

type AnyUnary = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void;

export interface RouteDeps {
  readonly nats: Nats;
  readonly js: JetStreamClient;
  readonly log: Log;
  readonly callerOf: CallerOf;
}

/** @param answersForAll what is about every machine. */
export function routed(
  { nats, js, log, callerOf }: RouteDeps,
  answersForAll: OperatorServiceServer,
): OperatorServiceServer {
  const forAll = { ...answersForAll, ...ofOneOnly, getStatus: statusOfAll(answersForAll) };
  const routes = carriedMethods.map((method): [string, AnyUnary] => [
    method,
    (call, callback) => {
      const hostId = hostIn(call.metadata);
      if (hostId === undefined) (forAll[method] as AnyUnary)(call, callback);
      else answer(callback, () => askAbout(nats, hostId, method, call.request, callerOf(call)));
    },
  ]);
  const watch: OperatorServiceServer['watch'] = (call) => {
    const hostId = hostIn(call.metadata);
    if (hostId === undefined) {
      forAll.watch(call);
      return;
    }
    refuseUnknown(nats, hostId, callerOf(call)).then(
      () => {
        if (!call.cancelled && !call.destroyed) watchHost(call, hostId, { nats, js, log });
      },
      (error: unknown) => {
        call.emit('error', statusOf(error));
      },
    );
  };
  return { ...forAll, ...Object.fromEntries(routes), watch };
}

/**
 * Whoever mistyped a name would watch nothing, without a word. Where nobody answers for its partition just now
 * its journal can be read all the same.
 * @throws RpcFailure where no machine has that name, or none can have it.
 */
async function refuseUnknown(nats: Nats, hostId: string, caller: Caller): Promise<void> {
  if (!isSubjectName(hostId)) throw unknownHost(hostId);
  try {
    const asked = askAbout(nats, hostId, 'listOrders', {}, caller);
    await within(asked, KNOWN_MS_MAX, 'whether a machine has that name');
  } catch (error) {
    if (error instanceof RpcFailure && error.reason === 'UNKNOWN_HOST') throw error;
  }
}

/**
 * What only a machine has: to say that there is none of it would be untrue, and an order that no machine
 * would take is not written down as if one had.
 */
const ofOneOnly: Pick<OperatorServiceServer, 'runNow' | 'explain' | 'forecast' | 'listRuns'> = {
  runNow: (_call, callback) => {
    answer(callback, () => nameOne('run-now'));
  },
  explain: (_call, callback) => {
    answer(callback, () => nameOne('explain'));
  },
  forecast: (_call, callback) => {
    answer(callback, () => nameOne('forecast'));
  },
  listRuns: (_call, callback) => {
    answer(callback, () => nameOne('history'));
  },
};

function nameOne(verb: string): Promise<never> {
  const message = `${verb} is about one machine: name it with --host; "lull fleet hosts" lists them`;
  return Promise.reject(new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', message));
}

/** What is true of all; and of none that it runs, waits or is attached. */
function statusOfAll(answersForAll: OperatorServiceServer): OperatorServiceServer['getStatus'] {
  return (call, callback) => {
    answersForAll.getStatus(call, (error, told) => {
      if (told === undefined || told === null) callback(error);
      else callback(error, { ...told, hosts: [], runs: [], waiting: [] });
    });
  };
}

/** Machines of the fleet by name, from whoever leads their partitions. */
export async function listHosts(
  nats: Nats,
  { pageSize, pageToken }: ListHostsRequest,
): Promise<ListHostsResponse> {
  const size = pageSize === 0 ? PAGE : Math.min(pageSize, PAGE);
  // Names are spread evenly: with some more of each, there are nearly always enough.
  const each = Math.ceil((size * SPREAD) / partitions.length) + 1;
  // A partition without a leader is waited for once, and not for each page.
  const isPatient = pageToken === '';
  const answers = await Promise.all(
    partitions.map(async (partition) => {
      const asked = { pageSize: each, pageToken };
      return { partition, told: await askForHosts(nats, partition, asked, isPatient) };
    }),
  );
  const { hosts, nextPageToken } = nextHosts(
    answers.flatMap(({ told }) => told ?? []),
    size,
  );
  return {
    hosts: [...hosts],
    nextPageToken,
    unserved: answers.flatMap(({ partition, told }) => (told === undefined ? [partition] : [])),
  };
}
