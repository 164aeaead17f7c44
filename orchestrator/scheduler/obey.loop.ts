// What a plan says is done: what restricts is sent, what permits is written and then sent (T2, T4 of the
// turn).

import { requirementToWire } from '../../proto/wire/requirement.js';
import type { Clock } from '../../runtime/clock.js';
import { readingKey } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import { grantToWire } from '../link/grant.wire.js';
import type { HostConnection } from '../link/host-session.loop.js';
import type { Policy } from '../policy/policy.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { UpdaterState } from '../world/world.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import type { Admission, Plan } from './plan.js';

export interface ObeyDeps {
  readonly ledger: Ledger;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly hostView: () => HostView;
  readonly host: () => HostConnection | undefined;
}

/** Sent first, and recorded when the host reports what happened. */
export function restrict(plan: Plan, host: HostConnection | undefined): void {
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
export async function permit(plan: Plan, deps: ObeyDeps): Promise<'done' | 'host went away'> {
  const { ledger, policy, host } = deps;
  const to = host();
  if (to !== undefined && plan.resume.length + plan.admit.length > 0) {
    await ledger.append([
      ...plan.resume.map(({ id }): Fact => ({ kind: 'run.resumed', runId: id })),
      ...plan.admit.map((admission) => admissionFact(admission, to, deps.hostView())),
    ]);
    if (host() !== to) {
      const { admit } = plan;
      if (admit.length > 0) await ledger.append(admit.map(({ runId }) => neverTold(runId, to)));
      return 'host went away'; // T4
    }
    const stopped = stoppedSince(deps);
    for (const { id, epoch } of plan.resume) {
      if (!stopped.has(id))
        to.send({ $case: 'resume', value: { runId: id, epoch: BigInt(epoch) } });
    }
    for (const admission of plan.admit) {
      if (!stopped.has(admission.runId)) to.send(grantOf(admission, policy()));
    }
    await withdraw(plan, stopped, ledger);
  }
  await restart(plan, deps);
  return 'done';
}

/** What somebody has said no to while it was written, by run. */
function stoppedSince({ ledger, hostView, policy, clock }: ObeyDeps): ReadonlyMap<string, Reason> {
  const { stop } = decide(ledger.inForce, hostView(), policy(), clock.now().wallMs);
  return new Map(stop.map(({ run, reason }) => [run.id, reason]));
}

/** What was admitted and never sent is over: no host will tell of it. */
async function withdraw(
  { admit }: Plan,
  stopped: ReadonlyMap<string, Reason>,
  ledger: Ledger,
): Promise<void> {
  const ends = admit.flatMap(({ runId, epoch }): Fact[] => {
    const code = stopped.get(runId)?.code;
    if (code === undefined) return [];
    const outcome = { kind: 'cancelled', code } as const;
    return [{ kind: 'run.finished', runId, epoch, outcome, stderrTail: '' }];
  });
  if (ends.length > 0) await ledger.append(ends);
}

/** Another connection may have been made while this was written, and it does not know of the run. */
function neverTold(runId: string, { hostId }: HostConnection): Fact {
  const message = `${hostId} went away before it could be told`;
  return { kind: 'run.interrupted', runId, code: 'HOST_LOST', message };
}

async function restart(
  { restart: { order, guard = [], cancel } }: Plan,
  { ledger, host, policy, clock }: ObeyDeps,
): Promise<void> {
  if (cancel !== undefined) await ledger.append([{ kind: 'restart.cancelled', ...codeOf(cancel) }]);
  const to = host();
  if (order === undefined || to === undefined) return;
  await ledger.append([{ kind: 'restart.ordered', hostId: to.hostId, ...order }]); // T2
  const inMs = Math.ceil(order.atMs - clock.now().wallMs);
  // A full disk took the time to warn whoever is logged in: it is ordered anew, when this one is over.
  if (inMs < policy().restartWarningMs / 2) return;
  const value = { atUnixMs: BigInt(Math.ceil(order.atMs)), inMs: BigInt(inMs) };
  to.send({ $case: 'restart', value: { ...value, guard: guard.map(requirementToWire) } });
}

function codeOf({ code, message }: Reason): Pick<Reason, 'code' | 'message'> {
  return { code, message };
}

function admissionFact(
  admission: Admission,
  { hostId }: HostConnection,
  { level, readings }: Pick<HostView, 'level' | 'readings'>,
): Fact {
  const { subject, runId, epoch, attempt } = admission;
  const { version } = acceptedOf(admission);
  const presence = readings.get(readingKey('presence', ''));
  return {
    kind: 'run.admitted',
    runId,
    epoch,
    attempt,
    hostId,
    updaterId: subject.updater.id,
    updaterVersion: version.version,
    bundleSha256: version.bundleSha256,
    work: subject.work,
    intrusion: subject.level,
    ...(level === undefined ? {} : { confinement: level }),
    ...(presence === undefined ? {} : { presenceBy: presence.source }),
  };
}

function grantOf(
  admission: Admission,
  { leaseMs, network, disk, callsPerMinuteMax, keepAwakeMsMax }: Policy,
): ReturnType<typeof grantToWire> {
  const { subject, runId, epoch, attempt, guard } = admission;
  const { version, settings } = acceptedOf(admission);
  const { manifest, envelope } = version;
  const { work } = subject;
  return grantToWire({
    ...{ runId, epoch, attempt, leaseMs, manifest, envelope, settings, work, guard },
    ...{ network, disk, callsPerMinuteMax, keepAwakeMsMax },
  });
}

/** What `decide` admits an operator has accepted. */
function acceptedOf({ subject }: Admission): NonNullable<UpdaterState['accepted']> {
  if (subject.updater.accepted === undefined) throw new Error('nobody has accepted it');
  return subject.updater.accepted;
}
