// The turn: edges wake it, it asks `decide`, and does what the plan says.
//
// Invariants:
//   T1. One turn at a time. Edges that come meanwhile lead to one more turn, never to a queue.
//   T2. Restrictive commands are sent first and recorded when the host reports what happened;
//       permissive ones are recorded first and sent when that is durable.
//       A plan that is being recorded does not hold up what restrains: while its append is awaited,
//       each edge is looked at for that alone, and what may not run any more is not sent afterwards.
//   T3. Whatever fails in a turn, the next edge or instant starts another one.
//   T4. A plan is recorded as one, before anything can change what it was decided on. A run that its
//       host was not told of, because it went away meanwhile, is interrupted: nobody else would be.
//   T5. The lease of a run that could not be judged yet (H5 of held.ts) is not renewed: it goes on by what whoever
//       led its host before gave it, and its host pauses it when that is over.
//   T6. After a jump of the clock nothing is permitted until the sensors have looked again (J1).

import type { CancelTimer } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { HostConnection } from '../link/host-session.loop.js';
import { holdsSlot } from '../runs/run.js';
import { appsAskedAbout, disksAskedAbout } from './asked-about.js';
import { watchJumps, withoutPermissions } from './after-jump.loop.js';
import { atPace } from './at-pace.js';
import { watchClock } from './clock-set.loop.js';
import { decide } from './decide.js';
import { permit, restrict, type ObeyDeps } from './obey.loop.js';
import type { Plan } from './plan.js';
import { isAtRest, lookAgainMsMax } from './rest.js';
import { dated } from './since.js';

/** A lease is renewed this many times while it lasts, so that one lost renewal does no harm. */
const RENEWALS_PER_LEASE = 4;

export interface Turns extends Closeable {
  wake(): void;
  /** What would be decided now; for explaining, which must never differ from deciding. */
  planNow: () => Plan;
}

export interface TurnDeps extends ObeyDeps {
  readonly log: Log;
  /** Calls `fn` after what is under way, and what came with it: `setImmediate`, but where time is simulated. */
  readonly soon: (fn: () => void) => void;
  /** Whether what asks servers for something may begin now; if not, `wake` is called when it may. */
  readonly mayStart: (wake: () => void) => boolean;
  /** Since the machine started, with what it slept. */
  readonly upMs: () => number;
  /** Told of each plan, before it is done. */
  readonly onPlan?: (plan: Plan) => void;
  /** Told in each turn whether nothing waits for the machine, and what updates ask about. */
  readonly onWanted: (wanted: {
    readonly edgesOnly: boolean;
    readonly apps: readonly string[];
    readonly diskPaths: readonly string[];
  }) => void;
}

export function startTurns(deps: TurnDeps): Turns {
  const { clock, log, ledger, policy } = deps;
  let awake = false;
  let turning = false;
  let closed = false;
  let recording = false;
  let restraining = false;
  let cancelLook: CancelTimer = () => undefined;
  let cancelRenewal: CancelTimer = () => undefined;
  /** Who is told again and again, while it is, that its runs may go on. */
  let renewedTo: HostConnection | undefined;

  let last: Plan | undefined;
  const noticeClock = watchClock(deps);
  const blindMsAfterJump = watchJumps(clock.now());

  function planNow(): Plan {
    const { wallMs } = clock.now();
    return dated(decide(ledger.inForce, deps.hostView(), policy(), wallMs), last, wallMs);
  }

  function wake(): void {
    awake = true;
    if (closed) return;
    if (recording && !restraining) {
      restraining = true;
      deps.soon(restrain);
    }
    if (turning) return; // T1
    turning = true;
    deps.soon(() => void turns());
  }

  /** T2: the disk may be full, and the plan before it waits for space. */
  function restrain(): void {
    restraining = false;
    if (!recording || closed) return;
    try {
      restrict(planNow(), deps.host());
    } catch (error) {
      log.error({ err: error }, 'what restrains could not be sent'); // T3: the turn to come tries it again.
    }
  }

  async function turns(): Promise<void> {
    while (awake && !closed) {
      awake = false;
      try {
        await turn();
      } catch (error) {
        log.error({ err: error }, 'a turn failed'); // T3
        lookAgain(undefined);
      }
    }
    turning = false;
  }

  async function turn(): Promise<void> {
    const blindMs = blindMsAfterJump(clock.now());
    const plan = planNow();
    last = plan;
    deps.onPlan?.(plan);
    restrict(plan, deps.host());
    const { world } = ledger;
    deps.onWanted({
      edgesOnly: isAtRest(plan, world),
      apps: appsAskedAbout(world),
      diskPaths: disksAskedAbout(world, deps.hostView().diskPath),
    });
    lookAgain(plan.lookAgainAtMs, blindMs);
    recording = true;
    try {
      if (await noticeClock()) {
        awake = true; // What it permits was decided by instants of another clock.
        return;
      }
      const now = blindMs > 0 ? withoutPermissions(plan) : atPace(plan, () => deps.mayStart(wake)); // T6
      if ((await permit(now, deps)) === 'host went away') awake = true;
    } finally {
      recording = false;
    }
    // A lease lasts for some renewals: turns that come quickly need not send one each.
    if (renewedTo === undefined || renewedTo !== deps.host()) renewWhileHeld();
  }

  function lookAgain(atMs: number | undefined, blindMs = 0): void {
    cancelLook();
    const mostMs = blindMs > 0 ? blindMs : lookAgainMsMax(deps.hostView().readings);
    const inMs = atMs === undefined ? mostMs : atMs - clock.now().wallMs;
    cancelLook = clock.after(Math.min(Math.max(inMs, 1), mostMs), wake);
  }

  function renewWhileHeld(): void {
    cancelRenewal();
    renewedTo = undefined;
    const host = deps.host();
    const unjudged = new Set(last?.unjudged.map(({ id }) => id)); // T5
    const held = [...ledger.world.runs.values()].filter(
      (run) => holdsSlot(run) && !unjudged.has(run.id),
    );
    if (host === undefined || held.length === 0 || closed) return;
    for (const { id, epoch } of held) {
      const value = { runId: id, epoch: BigInt(epoch), leaseMs: policy().leaseMs };
      host.send({ $case: 'renew', value });
    }
    cancelRenewal = clock.after(policy().leaseMs / RENEWALS_PER_LEASE, renewWhileHeld);
    renewedTo = host;
  }

  return {
    wake,
    planNow,
    close: () => {
      closed = true;
      cancelLook();
      cancelRenewal();
    },
  };
}
