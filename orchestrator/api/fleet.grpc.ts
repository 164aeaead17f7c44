// The API of a fleet, and of a machine by itself, which is a fleet of one.

import { status } from '@grpc/grpc-js';
import type {
  FleetServiceServer,
  ListHostsRequest,
  ListHostsResponse,
  Rollout as WireRollout,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import type { Clock } from '../../runtime/clock.js';
import type { RolloutFact } from '../journal/rollout-fact.js';
import type { Policy } from '../policy/policy.js';
import { openRings, stopReasons } from '../scheduler/rings.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { Rollout } from '../world/rollouts.js';
import { answer, RpcFailure } from './answer.grpc.js';
import { orderProblem } from './order.js';

export interface FleetDeps {
  /** What holds for all machines. */
  readonly ledger: Pick<Ledger, 'world' | 'append'>;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly wake: () => void;
  readonly listHosts: (request: ListHostsRequest) => Promise<ListHostsResponse>;
}

export function fleetHandlers(deps: FleetDeps): FleetServiceServer {
  const { ledger } = deps;
  const change = async (
    subject: string,
    factOf: (rollout: Rollout) => RolloutFact,
  ): Promise<{ rollouts: WireRollout[] }> => {
    const meant = rolloutsNamed(ledger.world.rollouts, subject);
    if (meant.length === 0) {
      const message = `no rollout of "${subject}" is known; "lull fleet rollout" lists them`;
      throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
    }
    await ledger.append(meant.map(factOf));
    deps.wake();
    const now = rolloutsNamed(ledger.world.rollouts, subject);
    return { rollouts: now.map((each) => rolloutToWire(each, deps)) };
  };
  return {
    listHosts: ({ request }, callback) => {
      answer(callback, deps.listHosts(request));
    },
    listRollouts: (_call, callback) => {
      const all = [...ledger.world.rollouts.values()].reverse();
      callback(null, { rollouts: all.map((each) => rolloutToWire(each, deps)) });
    },
    stopRollout: ({ request: { subject, why } }, callback) => {
      answer(callback, stop(subject, why));
    },
    resumeRollout: ({ request: { subject } }, callback) => {
      answer(
        callback,
        change(subject, (each) => ({ kind: 'rollout.resumed', ...which(each), actor: 'operator' })),
      );
    },
  };

  async function stop(subject: string, why: string) {
    const problem = orderProblem('hold', why, 1);
    if (problem !== undefined) {
      throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', problem);
    }
    return change(subject, (each) => ({
      ...{ kind: 'rollout.stopped', ...which(each), why, actor: 'operator' },
    }));
  }
}

function which({ updaterId, updateId, toVersion }: Rollout) {
  return { updaterId, updateId, toVersion };
}

function rolloutsNamed(rollouts: ReadonlyMap<string, Rollout>, subject: string): Rollout[] {
  return [...rollouts.values()].filter(
    ({ updaterId, updateId }) =>
      [updaterId, updateId, `${updaterId}/${updateId}`].includes(subject) && subject !== '',
  );
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
