// A room: one machine of a partition, with everything that attends to it.

import { uptime } from 'node:os';
import type { Readings } from '../../conditions/reading.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { OperatorDeps } from '../api/deps.grpc.js';
import { createProgressFeed } from '../api/watch.grpc.js';
import type { GroupLock, Place } from '../groups/group-lock.js';
import { createHostSessions } from '../link/host-session.loop.js';
import type { HostAttendant } from '../link/attendance.loop.js';
import type { Checkpoints } from '../journal/checkpoints.fs.js';
import type { RolloutFact } from '../journal/rollout-fact.js';
import type { Policy } from '../policy/policy.js';
import { byOwnership } from '../trust/caller.grpc.js';
import { groupsOf, placeNeed } from '../scheduler/groups.js';
import { attend } from '../scheduler/attend.loop.js';
import type { RunProgress } from '../scheduler/edges.loop.js';
import type { TurnDeps } from '../scheduler/turn.loop.js';
import type { Pace } from './pace.loop.js';
import { keepPlaces, type Places } from './places.loop.js';
import type { Ledger } from '../world/ledger.loop.js';

export interface Room extends HostAttendant, Closeable {
  readonly operator: OperatorDeps;
  readonly wake: () => void;
  /** A run, or an order to restart: something that can be stopped. */
  holdsSomething(): boolean;
}

const noPlaces: ReadonlyMap<string, Place> = new Map();
const nobodyWatches = createProgressFeed();

/** Of a host that does not say where it keeps what it downloads. */
const DISK_PATH = '/';

type Wanted = Parameters<TurnDeps['onWanted']>[0];

export function openRoom(deps: {
  readonly hostId: string;
  readonly ledger: Ledger;
  readonly version: string;
  readonly checkpoints: Checkpoints;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProgress: (progress: RunProgress) => void;
  readonly groupLock: GroupLock;
  readonly pace: Pace;
  readonly note: (facts: readonly RolloutFact[]) => Promise<void>;
}): Room {
  const { hostId, ledger, version, policy, clock } = deps;
  const log = deps.log.child({ host: hostId });
  let wanted: Wanted = { edgesOnly: true, apps: [], diskPaths: [] };

  const groups = (): string[] => groupsOf(hostId, policy()).map(({ name }) => name);
  /** Of a machine that is, or was, in a group: most are in none. */
  let places: Places | undefined;
  const placesInGroups = (): Places =>
    (places ??= keepPlaces({
      ...{ hostId, lock: deps.groupLock, clock, random: Math.random, groups, log },
      onChange: () => {
        attended.wake();
      },
    }));

  function tellWanted(): void {
    const { edgesOnly, apps, diskPaths } = wanted;
    const value = { edgesOnly, apps: [...apps], diskPaths: [...diskPaths] };
    attended.host()?.send({ $case: 'wanted', value });
  }

  const attended = attend({
    ledger,
    policy,
    clock,
    log,
    name: hostId,
    diskPath: DISK_PATH,
    upMs: () => uptime() * 1_000,
    onProgress: deps.onProgress,
    mayStart: deps.pace.mayStart,
    note: deps.note,
    places: () => places?.current() ?? noPlaces,
    onPlan: (plan) => {
      if (places === undefined && groups().length === 0) return;
      placesInGroups().need(placeNeed(plan, ledger.world));
    },
    onWanted: (next) => {
      if (JSON.stringify(next) === JSON.stringify(wanted)) return;
      wanted = next;
      tellWanted();
    },
  });
  const { host, hostView, planNow, wake } = attended;
  return {
    sessions: createHostSessions({ edges: attended.edges, log }),
    see: (readings: Readings) => {
      attended.see(readings);
    },
    askForState: tellWanted,
    operator: {
      version,
      clock,
      policy,
      ledger,
      checkpoints: deps.checkpoints,
      planNow,
      hostView,
      host,
      wake,
      progress: nobodyWatches, // How far its runs are is told to every orchestrator.
      callerOf: byOwnership, // Until a call says whose it is.
    },
    wake,
    holdsSomething: () => ledger.world.runs.size > 0 || ledger.world.restart !== undefined,
    close: async () => {
      await places?.close();
      await attended.close();
    },
  };
}
