// What a plugin-host tells, made durable. Edges never act: they write facts and wake the turn.
//
// Invariants:
//   E1. An event of a run that is over, or of an older epoch, changes nothing. Of a run that was cut
//       only its end counts: anything else would make it look alive, and nobody would repeat it.
//   E2. A run that the journal thinks is on a host, and that the host does not hold, was cut.
//   E3. What a scan found is kept here until its end. A scan that went on over a new connection may
//       have lost some of it, and what is absent counts as gone: so it is done again.
//   E5. What was changed in a root is evidence, and recorded of whatever run it is: one that was cut is
//       told of after the host's next start, and its updater may be withdrawn by then.
//   E4. An event that the journal has already is not handled again, by whichever orchestrator: with
//       each fact stands which event of which instance it was made of.
//   E6. Between a hello and its entry nobody is attached: what is being written for the connection before
//       is not sent to it, where nobody hears any more, and not counted as held by the one that comes.
//   E7. What a machine says beyond its quota is left out (quota.loop.ts), and never what forbids. Of what was
//       installed or changed the digests stay, without the list.

import { holdsLevel, type Level } from '../../conditions/confinement.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Fact, Heard } from '../journal/fact.js';
import type { LinkEvent } from '../link/event.wire.js';
import type { HostConnection, HostEdges } from '../link/host-session.loop.js';
import { OverQuotaError } from '../link/over-quota.js';
import { holdsSlot, type Outcome, type Run } from '../runs/run.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { World } from '../world/world.js';
import type { Quotas, Weight } from '../journal/fact-quota.js';
import type { OverQuota } from './over-quota.js';
import { QuotaOfHost } from './quota.loop.js';
import { foundTooLate, noScans, noteFound, scanFacts, withNew, without } from './scanned.js';

export interface RunProgress {
  readonly runId: string;
  readonly fraction?: number | undefined;
  readonly step: string;
}

export interface HostPresence extends HostEdges {
  /** The attached host, if one is. */
  readonly current: () => HostConnection | undefined;
  /** What it, or an updater on it, has said too much of. */
  readonly overQuota: () => OverQuota | undefined;
}

export function hostEdges(deps: {
  ledger: Ledger;
  clock: Clock;
  log: Log;
  wake: () => void;
  onProgress: (progress: RunProgress) => void;
  /** Absent: those of every machine. */
  quotas?: Quotas;
}): HostPresence {
  const { ledger, wake, log } = deps;
  const quotas = deps.quotas === undefined ? {} : { quotas: deps.quotas };
  const quota = new QuotaOfHost({ ledger, clock: deps.clock, log, onUsedUp: wake, ...quotas });
  let scans = noScans;
  let current: HostConnection | undefined;
  /** The level that the journal has of it. */
  let told: Level | undefined;

  async function attached(host: HostConnection): Promise<void> {
    current = undefined; // E6
    const cut = runsCut(ledger.world, host);
    const { hostId, instanceId, bootId } = host;
    const boot = bootId === undefined ? {} : { bootId };
    const message = `${hostId} does not hold it any more`;
    const interrupted = cut.map(({ id: runId }): Fact => {
      return { kind: 'run.interrupted', runId, code: 'HOST_LOST', message };
    }); // E2
    const attachment: Fact = { kind: 'host.attached', hostId, instanceId, ...boot };
    if (!quota.takes('evidence')) {
      await quota.append([attachment], 'evidence');
      throw new OverQuotaError(); // E7. It is not attached: that permits nothing.
    }
    supersedeScans(host);
    await quota.append([attachment, ...interrupted], 'evidence');
    for (const { id } of cut) scans = without(scans, id);
    current = host;
    wake();
  }

  /** E3. */
  function supersedeScans(host: HostConnection): void {
    const epoch = BigInt(ledger.world.epoch);
    for (const runId of host.held.keys()) {
      const work = ledger.world.runs.get(runId)?.work;
      if (work !== undefined && work.kind !== 'scan') continue;
      host.send({ $case: 'stop', value: { runId, epoch, reason: 'SUPERSEDED' } });
      scans = without(scans, runId);
    }
  }

  async function event(host: HostConnection, { runId, epoch, ...event }: LinkEvent): Promise<void> {
    const { hostId, instanceId } = host;
    const heard = { hostId, instanceId, sequence: event.sequence };
    if (isKnown(ledger.world, heard)) return; // E4
    const { body } = event;
    if (body.kind === 'fact' && isEvidence(body.fact)) {
      await recordEvidence(body.fact, heard, ledger.world.runs.get(runId)?.updaterId); // E5
      return;
    }
    const run = ledger.world.runs.get(runId);
    const cut = run !== undefined && !holdsSlot(run) && body.kind !== 'finished';
    if (run === undefined || cut || run.epoch !== epoch) {
      log.debug({ runId, kind: body.kind }, 'a late event'); // E1
      return;
    }
    await ofRun(run, body, heard);
  }

  /** E7. */
  async function recordEvidence(fact: TreeFact, heard: Heard, of?: string): Promise<void> {
    const kept = quota.takes('any') ? fact : { ...fact, changes: [], truncated: true };
    await quota.append([{ ...kept, heard }], 'evidence', of);
  }

  async function record(run: Run, fact: Fact, heard: Heard): Promise<void> {
    const taken = await quota.append([{ ...fact, heard }], weightOf(run, fact), run.updaterId);
    if (taken && fact.kind === 'run.started') scans = withNew(scans, run.id);
  }

  async function ofRun(run: Run, body: LinkEvent['body'], heard: Heard): Promise<void> {
    switch (body.kind) {
      case 'progress':
        deps.onProgress({ ...body, runId: run.id });
        return;
      case 'found': {
        const scan = scans.get(run.id);
        if (scan !== undefined) noteFound(scan, body.received); // E3
        return;
      }
      case 'finished':
        await finished(run, body, heard);
        break;
      case 'fact':
        await record(run, body.fact, heard);
        break;
      case 'unknown':
        return;
    }
    wake();
  }

  async function finished(
    run: Run,
    { outcome, stderrTail }: Extract<LinkEvent['body'], { kind: 'finished' }>,
    heard: Heard,
  ): Promise<void> {
    const { id: runId, epoch, work, updaterId } = run;
    const endingAs = (judged: Outcome): Fact => {
      return { kind: 'run.finished', runId, epoch, outcome: judged, stderrTail, heard };
    };
    if (work.kind !== 'scan' || outcome.kind !== 'succeeded') {
      const facts = [endingAs(outcome), ...suspension(run, outcome)];
      await quota.append(facts, 'forbids', updaterId);
    } else if (quota.takes('any')) {
      await quota.append(scanFacts(run, scans.get(runId), endingAs), 'any', updaterId); // E3
    } else {
      await quota.append([endingAs(foundTooLate)], 'forbids', updaterId); // E7
    }
    if (work.kind === 'revert' && outcome.kind === 'failed') {
      const what = { updaterId: run.updaterId, update: work.update.id, why: outcome.message };
      log.error(what, 'what does not work could not be put back');
    }
    scans = without(scans, runId); // Not before: what is not written is heard again.
  }

  return {
    current: () => current,
    overQuota: () => quota.over(),
    isReplaced: ({ hostId, instanceId }) =>
      (ledger.world.instances.get(hostId) ?? []).indexOf(instanceId) > 0,
    attached,
    restartFailed: async (message) => {
      const { restart } = ledger.world;
      // The first one takes the order away; more of them say nothing new.
      const isNews = restart !== undefined && restart.failed === undefined;
      await quota.append([{ kind: 'restart.failed', message }], isNews ? 'forbids' : 'any');
      wake();
    },
    detached: (host) => {
      if (current !== host) return;
      current = undefined;
      log.warn({ host: host.hostId }, 'the plugin-host detached');
      wake();
    },
    confined: async (host) => {
      const { hostId, confinement } = host;
      if (confinement === undefined) return;
      const { level } = confinement;
      const isWeaker = told === undefined || !holdsLevel(level, told);
      const fact: Fact = { kind: 'host.confined', hostId, ...confinement };
      if (!(await quota.append([fact], isWeaker ? 'forbids' : 'evidence'))) {
        throw new OverQuotaError(); // E7
      }
      told = level;
      wake();
    },
    event,
  };
}

type TreeFact = Extract<Fact, { kind: 'root.changed' | 'content.installed' }>;

/** E7. That a run was paused forbids, unless it is known already. */
function weightOf({ phase }: Run, { kind }: Fact): Weight {
  const pauses = kind === 'run.paused' || kind === 'run.throttled';
  return pauses && phase.kind !== 'paused' ? 'forbids' : 'any';
}

/** Runs with a slot that `host` does not hold; of an earlier epoch it is not what was admitted: that never came. */
function runsCut({ runs }: World, { held }: HostConnection): Run[] {
  return [...runs.values()].filter((run) => holdsSlot(run) && (held.get(run.id) ?? -1) < run.epoch);
}

function isEvidence(fact: Fact): fact is TreeFact {
  return fact.kind === 'root.changed' || fact.kind === 'content.installed';
}

function isKnown({ heard }: World, { hostId, instanceId, sequence }: Heard): boolean {
  const last = heard.get(hostId);
  return last?.instanceId === instanceId && sequence <= last.sequence;
}

/**
 * Content that is not what was ordered, or badly signed: nothing of this updater runs until a person
 * has looked. A stored bundle that went bad is another matter; it comes anew, and says `retry`.
 */
function suspension(run: Run, outcome: Outcome): Fact[] {
  if (outcome.kind !== 'failed') return [];
  const { code, retry } = outcome;
  if (code !== 'SIGNATURE_INVALID' && (code !== 'DIGEST_MISMATCH' || retry)) return [];
  const { updaterId: id } = run;
  return [
    {
      kind: 'updater.suspended',
      id,
      code,
      why: outcome.message,
      actor: 'orchestrator',
    },
  ];
}
