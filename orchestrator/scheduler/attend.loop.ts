// Attending a machine: its edges wake its turn, its readings are looked at, its rhythm is learned.

import type { Readings } from '../../conditions/reading.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { HostConnection } from '../link/host-session.loop.js';
import type { RolloutFact } from '../journal/rollout-fact.js';
import type { Policy } from '../policy/policy.js';
import type { Ledger } from '../world/ledger.loop.js';
import { hostEdges, type HostPresence, type RunProgress } from './edges.loop.js';
import type { HostView } from './host-view.js';
import { judgedAlike } from './judged-alike.js';
import type { Plan } from './plan.js';
import { noteRollouts } from './rollout-notes.loop.js';
import { tellRegistered } from './registered.loop.js';
import { watchRhythm } from './rhythm.loop.js';
import { startTurns, type TurnDeps } from './turn.loop.js';

export interface AttendedHost extends Closeable {
  readonly edges: HostPresence;
  readonly host: () => HostConnection | undefined;
  readonly hostView: () => HostView;
  readonly planNow: () => Plan;
  readonly wake: () => void;
  see(readings: Readings): void;
}

export function attend(deps: {
  readonly ledger: Ledger;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly log: Log;
  /** Its name while it is not attached. */
  readonly name: string;
  /** Where it does not say itself which file system takes downloads and installs. */
  readonly diskPath: string;
  readonly onProgress: (progress: RunProgress) => void;
  readonly onWanted: TurnDeps['onWanted'];
  readonly onPlan?: (plan: Plan) => void;
  /** The pace of a fleet; absent: a machine by itself begins whatever it may. */
  readonly mayStart?: TurnDeps['mayStart'];
  /** Its places in groups, where they are shared. */
  readonly places?: () => NonNullable<HostView['places']>;
  /** Since the orchestrator's machine started, with what it slept; absent: where none sleeps. */
  readonly upMs?: TurnDeps['upMs'];
  /** `setImmediate`, but where time is simulated. */
  readonly soon?: TurnDeps['soon'];
  /** Writes what holds for all machines. */
  readonly note: (facts: readonly RolloutFact[]) => Promise<void>;
}): AttendedHost {
  const { ledger, policy, clock, log, onProgress, onWanted } = deps;
  const servedSinceMs = clock.now().wallMs;
  let readings: Readings = new Map();
  const wake = (): void => {
    turns.wake();
  };
  const edges = hostEdges({ ledger, clock, log, wake, onProgress });
  const host = edges.current;
  const hostView = (): HostView => {
    const overQuota = edges.overQuota();
    return {
      id: host()?.hostId ?? deps.name,
      attached: host() !== undefined,
      level: host()?.confinement?.level,
      readings,
      diskPath: whereItSays(host()) ?? deps.diskPath,
      servedSinceMs,
      ...(overQuota === undefined ? {} : { overQuota }),
      ...(deps.places === undefined ? {} : { places: deps.places() }),
    };
  };
  const tellWhoIsRegistered = tellRegistered({ ledger, policy, host });
  const turns = startTurns({
    ledger,
    policy,
    clock,
    log,
    hostView,
    host,
    onWanted,
    onPlan: (plan) => {
      tellWhoIsRegistered();
      deps.onPlan?.(plan);
    },
    soon: deps.soon ?? setImmediate,
    upMs: deps.upMs ?? (() => clock.now().monotonicMs),
    mayStart: deps.mayStart ?? always,
  });
  const rollouts = noteRollouts({
    ledger,
    policy,
    clock,
    log,
    note: deps.note,
    hostId: () => host()?.hostId,
  });
  const rhythm = watchRhythm({ ledger, policy, clock, log });
  return {
    edges,
    host,
    hostView,
    planNow: turns.planNow,
    wake,
    see: (next) => {
      const before = readings;
      readings = next;
      rhythm.see(next);
      if (!judgedAlike(before, next, policy())) wake();
    },
    close: async () => {
      await rhythm.close();
      await rollouts.close();
      await turns.close();
    },
  };
}

function always(): boolean {
  return true;
}

/** An older host says nothing of it. */
function whereItSays(host: HostConnection | undefined): string | undefined {
  return host === undefined || host.diskPath === '' ? undefined : host.diskPath;
}
