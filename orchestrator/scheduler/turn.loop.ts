// The turn: edges wake it, it asks `decide`, and does what the plan says.
//
// Invariants:
//   T1. One turn at a time. Edges that come meanwhile lead to one more turn, never to a queue.
//   T2. Restrictive commands are sent first and recorded when the host reports what happened;
//       permissive ones are recorded first and sent when that is durable.
//   T3. Whatever fails in a turn, the next edge or instant starts another one.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Reason } from '../../conditions/reason.js';
import type { HostConnection } from '../link/host.grpc.js';
import { grantToWire } from '../link/grant.wire.js';
import type { Policy } from '../policy/policy.js';
import { holdsSlot } from '../runs/run.js';
import type { Ledger } from '../world/ledger.loop.js';
import { decide, type Admission, type Plan } from './decide.js';
import type { HostView } from './host-view.js';
import { isAtRest } from './rest.js';
import { dated } from './since.js';

/** Looked at again at least this often while somebody is away, and otherwise (Windows). */
const LOOK_AGAIN_MS_MAX = 30_000;
/** A lease is renewed this many times while it lasts, so that one lost renewal does no harm. */
const RENEWALS_PER_LEASE = 4;

export interface Turns extends Closeable {
  wake(): void;
  /** What would be decided now; for explaining, which must never differ from deciding. */
  planNow: () => Plan;
}

export interface TurnDeps {
  readonly ledger: Ledger;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostView: () => HostView;
  readonly host: () => HostConnection | undefined;
  /** Told in each turn whether nothing waits for the machine. */
  readonly onRest: (atRest: boolean) => void;
}

export function startTurns(deps: TurnDeps): Turns {
  const { clock, log, ledger, policy } = deps;
  let awake = false;
  let turning = false;
  let closed = false;
  let cancelLook: CancelTimer = () => undefined;
  let cancelRenewal: CancelTimer = () => undefined;

  let last: Plan | undefined;

  function planNow(): Plan {
    const { wallMs } = clock.now();
    return dated(decide(ledger.world, deps.hostView(), policy(), wallMs), last, wallMs);
  }

  function wake(): void {
    awake = true;
    if (turning || closed) return; // T1
    turning = true;
    setImmediate(() => void turns());
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
    const plan = planNow();
    last = plan;
    restrict(plan, deps.host());
    deps.onRest(isAtRest(plan, ledger.world));
    lookAgain(plan.lookAgainAtMs);
    await permit(plan, deps);
    renewWhileHeld();
  }

  function lookAgain(atMs: number | undefined): void {
    cancelLook();
    const inMs = atMs === undefined ? LOOK_AGAIN_MS_MAX : atMs - clock.now().wallMs;
    cancelLook = clock.after(Math.min(Math.max(inMs, 1), LOOK_AGAIN_MS_MAX), wake);
  }

  function renewWhileHeld(): void {
    cancelRenewal();
    const host = deps.host();
    const held = [...ledger.world.runs.values()].filter(holdsSlot);
    if (host === undefined || held.length === 0 || closed) return;
    for (const { id, epoch } of held) {
      const value = { runId: id, epoch: BigInt(epoch), leaseMs: policy().leaseMs };
      host.send({ $case: 'renew', value });
    }
    cancelRenewal = clock.after(policy().leaseMs / RENEWALS_PER_LEASE, renewWhileHeld);
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

function restrict(plan: Plan, host: HostConnection | undefined): void {
  for (const { run, reason } of plan.stop) {
    const value = { runId: run.id, epoch: BigInt(run.epoch), reason: reason.code };
    host?.send({ $case: 'stop', value });
  }
  if (plan.restart.cancel !== undefined) host?.send({ $case: 'cancelRestart', value: {} });
  for (const { run, reasons } of plan.pause) {
    const codes = reasons.map(({ code }) => code);
    const value = { runId: run.id, epoch: BigInt(run.epoch), reasons: codes };
    host?.send({ $case: 'pause', value });
  }
}

async function permit(plan: Plan, { ledger, policy, host }: TurnDeps): Promise<void> {
  for (const { id, epoch } of plan.resume) {
    await ledger.append([{ kind: 'run.resumed', runId: id }]); // T2
    host()?.send({ $case: 'resume', value: { runId: id, epoch: BigInt(epoch) } });
  }
  for (const admission of plan.admit) await admit(admission, ledger, policy(), host);
  await restart(plan, ledger, host);
}

async function restart(
  { restart: { order, cancel } }: Plan,
  ledger: Ledger,
  host: () => HostConnection | undefined,
): Promise<void> {
  if (cancel !== undefined) await ledger.append([{ kind: 'restart.cancelled', ...codeOf(cancel) }]);
  const to = host();
  if (order === undefined || to === undefined) return;
  await ledger.append([{ kind: 'restart.ordered', hostId: to.hostId, ...order }]); // T2
  to.send({ $case: 'restart', value: { atUnixMs: BigInt(Math.ceil(order.atMs)) } });
}

function codeOf({ code, message }: Reason): Pick<Reason, 'code' | 'message'> {
  return { code, message };
}

async function admit(
  admission: Admission,
  ledger: Ledger,
  policy: Policy,
  host: () => HostConnection | undefined,
): Promise<void> {
  const { subject, runId, epoch, attempt, guard } = admission;
  const accepted = subject.updater.accepted;
  const to = host();
  if (accepted === undefined || to === undefined) return; // D2 gave a reason; it may have changed since.
  await ledger.append([
    {
      kind: 'run.admitted',
      runId,
      epoch,
      attempt,
      hostId: to.hostId,
      updaterId: subject.updater.id,
      updaterVersion: accepted.version.version,
      work: subject.work,
      intrusion: subject.level,
    },
  ]); // T2
  to.send(
    grantToWire({
      runId,
      epoch,
      attempt,
      leaseMs: policy.leaseMs,
      manifest: accepted.version.manifest,
      envelope: accepted.version.envelope,
      settings: accepted.settings,
      work: subject.work,
      guard,
    }),
  );
}
