// The API of a fleet, and of a machine by itself, which is a fleet of one.

import { status } from '@grpc/grpc-js';
import {
  Rollout as WireRollout,
  type FleetServiceServer,
  type ListGroupsResponse,
  type ListHostsRequest,
  type ListHostsResponse,
  type ListRolloutsRequest,
  type ListRolloutsResponse,
  type ReleasePlaceResponse,
  type StopRolloutRequest,
  type StopRolloutResponse,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import type { Clock } from '../../runtime/clock.js';
import type { Attribution } from '../journal/order-fact.js';
import type { RolloutFact } from '../journal/rollout-fact.js';
import type { Policy } from '../policy/policy.js';
import type { GroupLock } from '../groups/group-lock.js';
import { openRings, stopReasons } from '../scheduler/rings.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import { attributionOf } from '../trust/caller.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { Rollout } from '../world/world.js';
import { answer, RpcFailure } from '../world/answer.grpc.js';
import { appendInTime } from '../world/append-in-time.loop.js';
import { decidedAnew } from '../world/decided-anew.js';
import { meantBy, whyProblem } from './order.js';
import { pageFrom } from './page.js';

const ROLLOUTS_PAGE = 1_000;
/** Facts that are appended together: a message between orchestrators holds no more. */
const FACTS_AT_ONCE = 256;

export interface FleetDeps {
  /** What holds for all machines. */
  readonly ledger: Pick<Ledger, 'world' | 'append' | 'isFull'>;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly callerOf: CallerOf;
  readonly groups: Pick<GroupLock, 'holders' | 'release'>;
  /** What keeps this orchestrator from leading; undefined: nothing. */
  readonly problem: () => string | undefined;
  /** What somebody should look at although it leads; absent, or undefined: nothing. */
  readonly notice?: () => string | undefined;
  readonly listHosts: (request: ListHostsRequest) => Promise<ListHostsResponse>;
}

export function fleetHandlers(deps: FleetDeps): FleetServiceServer {
  const { ledger } = deps;
  const change = async (
    subject: string,
    factOf: (rollout: Rollout) => RolloutFact,
    otherwise = '',
  ): Promise<StopRolloutResponse> => {
    const meant = rolloutsNamed(ledger.world, subject);
    if (meant.length === 0) {
      const message = `no rollout of "${subject}" is known; "lull fleet rollout" lists them${otherwise}`;
      throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
    }
    for (let at = 0; at < meant.length; at += FACTS_AT_ONCE) {
      await appendInTime(deps, meant.slice(at, at + FACTS_AT_ONCE).map(factOf));
    }
    deps.wake();
    const now = rolloutsNamed(ledger.world, subject);
    const { rollouts } = await rolloutsPage(now, { pageSize: 0, pageToken: '' }, deps);
    return { rollouts, more: now.length - rollouts.length };
  };
  return {
    listHosts: ({ request }, callback) => {
      answer(callback, () => deps.listHosts(request));
    },
    listGroups: (_call, callback) => {
      answer(callback, () => listGroups(deps));
    },
    releasePlace: ({ request: { group, hostId } }, callback) => {
      answer(callback, () => releasePlace(deps, group, hostId));
    },
    getHealth: (_call, callback) => {
      answer(callback, () => ({ problem: deps.problem() ?? '', notice: deps.notice?.() ?? '' }));
    },
    listRollouts: ({ request }, callback) => {
      const all = [...ledger.world.rollouts.values()].reverse();
      answer(callback, () => rolloutsPage(all, request, deps));
    },
    stopRollout: (call, callback) => {
      const attribution = attributionOf(deps.callerOf(call));
      answer(callback, () => decidedAnew(() => stop(call.request, attribution)));
    },
    resumeRollout: (call, callback) => {
      const attribution = attributionOf(deps.callerOf(call));
      answer(callback, () =>
        decidedAnew(() =>
          change(call.request.subject, (each) => ({
            ...{ kind: 'rollout.resumed', ...which(each), ...attribution },
          })),
        ),
      );
    },
  };

  async function stop({ subject, why }: StopRolloutRequest, attribution: Attribution) {
    const problem = whyProblem(why);
    if (problem !== undefined) {
      throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', problem);
    }
    return change(
      subject,
      (each) => ({ ...{ kind: 'rollout.stopped', ...which(each), why, ...attribution } }),
      `, and "lull hold" with an updater's id keeps all that is of it back`,
    );
  }
}

async function listGroups({ policy, groups }: FleetDeps): Promise<ListGroupsResponse> {
  const all = policy().groups.map(async ({ name, atOnceMax }) => ({
    ...{ name, atOnceMax },
    holders: (await groups.holders(name)).map(({ id, sinceMs }) => ({
      hostId: id,
      sinceUnixMs: BigInt(Math.round(sinceMs)),
    })),
  }));
  return { groups: await Promise.all(all) };
}

async function releasePlace(
  { policy, groups }: FleetDeps,
  group: string,
  hostId: string,
): Promise<ReleasePlaceResponse> {
  if (!policy().groups.some(({ name }) => name === group)) {
    const message = `the policy has no group "${group}"; "lull fleet groups" lists them`;
    throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_GROUP', message);
  }
  await groups.release(group, hostId);
  return {};
}

function which({ updaterId, updateId, toVersion }: Rollout) {
  return { updaterId, updateId, toVersion };
}

function rolloutsNamed(world: Ledger['world'], subject: string): Rollout[] {
  return meantBy(subject, [...world.rollouts.values()], world);
}

async function rolloutsPage(
  all: readonly Rollout[],
  { pageSize, pageToken }: ListRolloutsRequest,
  deps: FleetDeps,
): Promise<ListRolloutsResponse> {
  const size = pageSize === 0 ? ROLLOUTS_PAGE : Math.min(pageSize, ROLLOUTS_PAGE);
  const { items: rollouts, nextPageToken } = await pageFrom(
    all,
    { size, token: pageToken },
    (each) => rolloutToWire(each, deps),
    (each) => WireRollout.encode(each).finish().length,
  );
  return { rollouts, nextPageToken };
}

function rolloutToWire(rollout: Rollout, { policy, clock }: FleetDeps): WireRollout {
  const { rings } = policy().rollout;
  const { ring, nextAtMs } = openRings(rollout, rings, clock.now().wallMs);
  return {
    ...which(rollout),
    startedUnixMs: BigInt(rollout.startedAtMs),
    ring,
    nextRingUnixMs: BigInt(nextAtMs ?? 0),
    failed: [...rollout.failed].map(([hostId, failedRing]) => ({ hostId, ring: failedRing })),
    stopped: stopReasons(rollout, policy().rollout)
      .map(({ message }) => message)
      .join('; '),
  };
}
