// What a plugin-host tells, made durable. Edges never act: they write facts and wake the turn.
//
// Invariants:
//   E1. An event of a run that is over, or of an older epoch, changes nothing. Of a run that was cut
//       only its end counts: anything else would make it look alive, and nobody would repeat it.
//   E2. A run that the journal thinks is on a host, and that the host does not hold, was cut.
//   E3. What a scan found is kept here until its end. A scan that went on over a new connection may
//       have lost some of it, and what is absent counts as gone: so it is done again.
//   E5. What was found changed in a root is evidence, and recorded of whatever run it is: one that was
//       cut is told of after the host's next start.
//   E4. An event that the journal has already is not handled again, by whichever orchestrator: with
//       each fact stands which event of which instance it was made of.
//   E6. Between a hello and its entry nobody is attached: what is being written for the connection before
//       is not sent to it, where nobody hears any more, and not counted as held by the one that comes.

import { UPDATES_PER_SCAN_MAX } from '../../conditions/scan-limits.js';
import type { Log } from '../../runtime/log.js';
import type { Fact, Heard } from '../journal/fact.js';
import { factProblem } from '../journal/fact-size.js';
import type { LinkEvent } from '../link/event.wire.js';
import type { HostConnection, HostEdges } from '../link/host-session.loop.js';
import { holdsSlot, type Outcome, type Run } from '../runs/run.js';
import type { Update } from '../runs/update.js';
import type { Ledger } from '../world/ledger.loop.js';
import type { World } from '../world/world.js';

export interface RunProgress {
  readonly runId: string;
  readonly fraction?: number;
  readonly step: string;
}

export interface HostPresence extends HostEdges {
  /** The attached host, if one is. */
  readonly current: () => HostConnection | undefined;
}

export function hostEdges(deps: {
  ledger: Ledger;
  log: Log;
  wake: () => void;
  onProgress: (progress: RunProgress) => void;
}): HostPresence {
  const { ledger, log, wake } = deps;
  const scans = new Map<string, Scan>();
  let current: HostConnection | undefined;

  async function finished(
    run: Run,
    { outcome, stderrTail }: Extract<LinkEvent['body'], { kind: 'finished' }>,
    heard: Heard,
  ): Promise<void> {
    const scan = scans.get(run.id);
    const end = (judged: Outcome): Fact => ({
      kind: 'run.finished',
      runId: run.id,
      epoch: run.epoch,
      outcome: judged,
      stderrTail,
      heard,
    });
    if (run.work.kind !== 'scan' || outcome.kind !== 'succeeded') {
      await ledger.append([end(outcome), ...suspension(run, outcome)]);
      if (run.work.kind === 'revert' && outcome.kind === 'failed') {
        const { updaterId, work } = run;
        const what = { updaterId, update: work.update.id, why: outcome.message };
        log.error(what, 'what does not work could not be put back');
      }
    } else if (scan === undefined) {
      const message = 'what it found was not heard from its start on';
      const again: Fact = { kind: 'run.interrupted', runId: run.id, code: 'HOST_LOST', message };
      await ledger.append(holdsSlot(run) ? [again] : []); // E3
    } else if (scan.problem !== undefined) {
      const message = `the scan named an update that is not valid: ${scan.problem}`;
      await ledger.append([end(brokenBy(message))]);
    } else {
      const updates = [...scan.updates.values()];
      const { id: runId, updaterId } = run;
      const found: Fact = { kind: 'scan.found', runId, updaterId, updates };
      const problem = factProblem(found);
      await ledger.append(
        problem === undefined
          ? [found, ...noticeOf(runId, scan), end(outcome)]
          : [end(brokenBy(`the scan found too much: ${problem}`))],
      );
    }
    scans.delete(run.id); // Not before: what is not written is heard again.
  }

  function found(
    run: Run,
    received: Extract<LinkEvent['body'], { kind: 'found' }>['received'],
  ): void {
    const scan = scans.get(run.id);
    if (scan === undefined) return; // E3
    if (received.kind === 'invalid') scan.problem ??= received.why;
    else if (scan.updates.has(received.update.id)) {
      scan.problem ??= `"${received.update.id}" came twice`;
    } else if (scan.updates.size >= UPDATES_PER_SCAN_MAX) {
      scan.problem ??= `more than ${String(UPDATES_PER_SCAN_MAX)} updates`;
    } else {
      scan.updates.set(received.update.id, received.update);
      if (received.oddity !== undefined) scan.oddities.push(received.oddity);
    }
  }

  return {
    current: () => current,
    isReplaced: ({ hostId, instanceId }) =>
      (ledger.world.instances.get(hostId) ?? []).indexOf(instanceId) > 0,
    attached: async (host) => {
      current = undefined; // E6
      const cut = [...ledger.world.runs.values()].filter(
        // What it holds of an earlier epoch is not what was admitted: that never came.
        (run) => holdsSlot(run) && (host.held.get(run.id) ?? -1) < run.epoch,
      );
      const epoch = BigInt(ledger.world.epoch);
      for (const runId of host.held.keys()) {
        const work = ledger.world.runs.get(runId)?.work;
        if (work !== undefined && work.kind !== 'scan') continue;
        host.send({ $case: 'stop', value: { runId, epoch, reason: 'SUPERSEDED' } }); // E3
        scans.delete(runId);
      }
      const { hostId, instanceId, bootId } = host;
      const boot = bootId === undefined ? {} : { bootId };
      const message = `${hostId} does not hold it any more`;
      await ledger.append([
        { kind: 'host.attached', hostId, instanceId, ...boot },
        ...cut.map(({ id }): Fact => ({
          kind: 'run.interrupted',
          runId: id,
          code: 'HOST_LOST',
          message,
        })), // E2
      ]);
      for (const { id } of cut) scans.delete(id);
      current = host;
      wake();
    },
    restartFailed: async (message) => {
      await ledger.append([{ kind: 'restart.failed', message }]);
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
      await ledger.append([{ kind: 'host.confined', hostId, ...confinement }]);
      wake();
    },
    event: async ({ hostId, instanceId }, event) => {
      const heard = { hostId, instanceId, sequence: event.sequence };
      if (isKnown(ledger.world, heard)) return; // E4
      if (event.body.kind === 'fact' && event.body.fact.kind === 'root.changed') {
        await ledger.append([{ ...event.body.fact, heard }]); // E5
        return;
      }
      const run = ledger.world.runs.get(event.runId);
      const cut = run !== undefined && !holdsSlot(run) && event.body.kind !== 'finished';
      if (run === undefined || cut || run.epoch !== event.epoch) {
        log.debug({ runId: event.runId, kind: event.body.kind }, 'a late event'); // E1
        return;
      }
      switch (event.body.kind) {
        case 'progress':
          deps.onProgress({ ...event.body, runId: run.id });
          return;
        case 'found':
          found(run, event.body.received);
          return;
        case 'finished':
          await finished(run, event.body, heard);
          break;
        case 'fact':
          await ledger.append([{ ...event.body.fact, heard }]);
          if (event.body.fact.kind === 'run.started') scans.set(run.id, newScan());
          break;
        case 'unknown':
          return;
      }
      wake();
    },
  };
}

/** What a scan has found so far. */
interface Scan {
  readonly updates: Map<string, Update>;
  /** What about some of them made no sense and was left out; no more than there are updates. */
  readonly oddities: string[];
  problem?: string;
}

function brokenBy(message: string): Outcome {
  return { kind: 'failed', code: 'CONTRACT_BROKEN', message, retry: true };
}

function newScan(): Scan {
  return { updates: new Map(), oddities: [] };
}

/** Oddities that are told one by one: the first few show what is wrong with the others. */
const ODDITIES_MAX = 8;

/** What was left out is said, so that an update which waits as one of unknown size can be explained. */
function noticeOf(runId: string, { oddities }: Scan): Fact[] {
  if (oddities.length === 0) return [];
  const more = oddities.length - ODDITIES_MAX;
  const said = [...oddities.slice(0, ODDITIES_MAX), ...(more > 0 ? [`${String(more)} more`] : [])];
  return [
    {
      kind: 'run.notice',
      runId,
      message: `the scan named what makes no sense: ${said.join('; ')}`,
    },
  ];
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
