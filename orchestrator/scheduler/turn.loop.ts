// The turn: edges wake it, it asks `decide`, and does what the plan says.
//
// Invariants:
//   T1. One turn at a time. Edges that come meanwhile lead to one more turn, never to a queue.
//   T2. Restrictive commands are sent first and recorded when the host reports what happened;
//       permissive ones are recorded first and sent when that is durable.
//   T3. Whatever fails in a turn, the next edge or instant starts another one.
//   T4. A plan is recorded as one, before anything can change what it was decided on. A run that its
//       host was not told of, because it went away meanwhile, is interrupted: nobody else would be.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Reason } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { HostConnection } from '../link/host.grpc.js';
import { grantToWire } from '../link/grant.wire.js';
import type { Policy } from '../policy/policy.js';
import { holdsSlot } from '../runs/run.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { UpdaterState } from '../world/world.js';
import { appsAskedAbout, disksAskedAbout } from './asked-about.js';
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
    const { world } = ledger;
    deps.onWanted({
      edgesOnly: isAtRest(plan, world),
      apps: appsAskedAbout(world),
      diskPaths: disksAskedAbout(world, deps.hostView().diskPath),
    });
    lookAgain(plan.lookAgainAtMs);
    if ((await permit(plan, deps)) === 'host went away') awake = true;
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

/** T2, T4. */
async function permit(
  plan: Plan,
  { ledger, policy, host }: TurnDeps,
): Promise<'done' | 'host went away'> {
  const to = host();
  if (to !== undefined && plan.resume.length + plan.admit.length > 0) {
    await ledger.append([
      ...plan.resume.map(({ id }): Fact => ({ kind: 'run.resumed', runId: id })),
      ...plan.admit.map((admission) => admissionFact(admission, to)),
    ]);
    if (host() !== to) {
      const { admit } = plan;
      if (admit.length > 0) await ledger.append(admit.map(({ runId }) => neverTold(runId, to)));
      return 'host went away'; // T4
    }
    for (const { id, epoch } of plan.resume) {
      to.send({ $case: 'resume', value: { runId: id, epoch: BigInt(epoch) } });
    }
    for (const admission of plan.admit) to.send(grantOf(admission, policy()));
  }
  await restart(plan, ledger, host);
  return 'done';
}

/** Another connection may have been made while this was written, and it does not know of the run. */
function neverTold(runId: string, { hostId }: HostConnection): Fact {
  const message = `${hostId} went away before it could be told`;
  return { kind: 'run.interrupted', runId, code: 'HOST_LOST', message };
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

function admissionFact(admission: Admission, { hostId }: HostConnection): Fact {
  const { subject, runId, epoch, attempt } = admission;
  return {
    kind: 'run.admitted',
    runId,
    epoch,
    attempt,
    hostId,
    updaterId: subject.updater.id,
    updaterVersion: acceptedOf(admission).version.version,
    work: subject.work,
    intrusion: subject.level,
  };
}

function grantOf(
  admission: Admission,
  { leaseMs, network, disk }: Policy,
): ReturnType<typeof grantToWire> {
  const { subject, runId, epoch, attempt, guard } = admission;
  const { version, settings } = acceptedOf(admission);
  const { manifest, envelope } = version;
  const { work } = subject;
  return grantToWire({
    ...{ runId, epoch, attempt, leaseMs, manifest, envelope, settings, work, guard },
    network,
    previousVersions: disk.previousVersions,
  });
}

/** What `decide` admits an operator has accepted. */
function acceptedOf({ subject }: Admission): NonNullable<UpdaterState['accepted']> {
  if (subject.updater.accepted === undefined) throw new Error('nobody has accepted it');
  return subject.updater.accepted;
}
