// The fleet's API, as any of its orchestrators serves it: what is about one machine is asked of whoever
// leads its partition, what is about all of them is answered here.

import {
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { JetStreamClient } from '@nats-io/jetstream';
import type {
  OperatorServiceServer,
  WatchRequest,
  WatchResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import type {
  ListHostsRequest,
  ListHostsResponse,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import { partitionOf, partitions, subjects } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { hostIn } from '../api/about.grpc.js';
import { answer, RpcFailure } from '../world/answer.grpc.js';
import { streamEntries, type ProgressFeed } from '../api/watch.grpc.js';
import type { Entry } from '../journal/chain.js';
import { hearSaid } from '../link/say.nats.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import type { RunProgress } from '../scheduler/edges.loop.js';
import { followJournal } from './follower.nats.js';
import { askAbout, askForHosts, carriedMethods } from './calls.nats.js';
import { nextHosts } from './next-hosts.js';

/** Machines of an answer. */
const PAGE = 1_000;
const SPREAD = 1.25;

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
  const forAll = { ...answersForAll, runNow: runNowhere };
  const routes = carriedMethods.map((method): [string, AnyUnary] => [
    method,
    (call, callback) => {
      const hostId = hostIn(call.metadata);
      if (hostId === undefined) (forAll[method] as AnyUnary)(call, callback);
      else answer(callback, askAbout(nats, hostId, method, call.request, callerOf(call)));
    },
  ]);
  const watch: OperatorServiceServer['watch'] = (call) => {
    const hostId = hostIn(call.metadata);
    if (hostId === undefined) forAll.watch(call);
    else {
      watchHost(call, hostId, nats, js, log).catch((error: unknown) => {
        call.destroy(error as Error);
      });
    }
  };
  return { ...forAll, ...Object.fromEntries(routes), watch };
}

/** An order that no machine would take is not written down as if one had. */
const runNowhere: OperatorServiceServer['runNow'] = (_call, callback) => {
  const message = 'run-now is about one machine: name it with --host';
  answer(
    callback,
    Promise.reject(new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', message)),
  );
};

/** The entries of its partition that are about a machine, from whoever writes them. */
async function watchHost(
  call: ServerWritableStream<WatchRequest, WatchResponse>,
  hostId: string,
  nats: Nats,
  js: JetStreamClient,
  log: Log,
): Promise<void> {
  const keep = ({ fact }: Entry): boolean => fact.machine === undefined || fact.machine === hostId;
  const followed = await followJournal({ js, partition: partitionOf(hostId), keep, log });
  const stop = (): void => {
    void followed.close();
  };
  if (call.cancelled || call.destroyed) {
    stop();
    return;
  }
  call.once('close', stop);
  streamEntries(call, followed, progressOf(nats, hostId, log));
}

function progressOf(nats: Nats, hostId: string, log: Log): Pick<ProgressFeed, 'subscribe'> {
  return {
    subscribe: (listener) => {
      const heard = hearSaid(nats.connection, subjects.progress(hostId), log, (message) => {
        listener(message.json<RunProgress>());
      });
      return () => {
        heard.unsubscribe();
      };
    },
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
