// A simulated plugin-host: it holds runs and their guards as the real one does, and it crashes, lags,
// lies and comes back.

import { objections, type Requirement } from '../../conditions/requirement.js';
import type { Readings } from '../../conditions/reading.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { LinkEvent } from '../../orchestrator/link/event.wire.js';
import type { HostConnection } from '../../orchestrator/link/host-session.loop.js';
import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import type { Outcome } from '../../orchestrator/runs/run.js';
import { updateFromWire } from '../../orchestrator/link/update.wire.js';
import type { Update } from '../../orchestrator/runs/update.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import { requirementFromWire } from '../../proto/wire/requirement.js';
import { receiptOf, type Software } from './software.js';
import type { Truth } from './truth.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

type Command = Parameters<HostConnection['send']>[0];
type Grant = Extract<Command, { $case: 'grant' }>['value'];
type Hold = 'guard' | 'operator' | 'lease';

export interface HostRun {
  readonly runId: string;
  readonly epoch: number;
  readonly updaterId: string;
  /** Absent: a scan. */
  readonly update: Update | undefined;
  /** It puts back what these receipts are of; no updater is asked. */
  readonly receipts: readonly string[] | undefined;
  readonly guard: readonly Requirement[];
  readonly holds: Set<Hold>;
  readonly life: Lifetime;
  leftMs: number;
  runningSinceMs: number;
  lease: () => void;
  end: () => void;
  ending: boolean;
  /** The end of a run that cannot be frozen, how long it is; 0: there is none. */
  readonly sectionMs: number;
  inSection: boolean;
  /** It should be frozen, and is in its section. */
  throttled: boolean;
}

export interface HostFaults {
  /** Runs may fail, crash and lie. */
  on: boolean;
}

const RUN_MS_MEAN = 60_000;
/** Short, so that storms find some of them in their section. */
const BEFORE_SECTION_MS_MEAN = 5_000;
const DYING_MS_MEAN = 400;

/** One instance; a crash is the end of it. */
export class SimulatedHost {
  readonly runs = new Map<string, HostRun>();
  /** Not acknowledged yet. */
  readonly outbox: LinkEvent[] = [];
  readonly life: Lifetime = { over: false };
  private sequence = 0;
  private readings: Readings;

  constructor(
    readonly instanceId: string,
    /** The start of the machine in which it lives. */
    readonly bootId: string | undefined,
    private readonly deps: {
      readonly time: VirtualTime;
      readonly chance: Chance;
      readonly software: Software;
      readonly faults: HostFaults;
      readonly truth: Truth;
      readonly readings: Readings;
      readonly posted: () => void;
      /** The machine restarts at an instant of its clock on the wall; undefined: not after all. */
      readonly restart: (atMs: number | undefined) => void;
    },
  ) {
    this.readings = deps.readings;
  }

  /** The machine's own sensors: what breaks a guard freezes at once. */
  see(readings: Readings): void {
    this.readings = readings;
    for (const run of this.runs.values()) {
      if (this.isBroken(run)) this.hold(run, 'guard', ['PERSON_PRESENT']);
    }
  }

  isBroken(run: HostRun): boolean {
    return objections(run.guard, this.readings, this.deps.time.wallMs).length > 0;
  }

  acknowledge(sequence: number): void {
    while ((this.outbox[0]?.sequence ?? Infinity) <= sequence) this.outbox.shift();
  }

  obey(command: Command): void {
    switch (command.$case) {
      case 'grant':
        this.grant(command.value);
        return;
      case 'renew':
        this.withRun(command.value, (run) => {
          this.renew(run, command.value.leaseMs);
        });
        return;
      case 'pause':
        this.withRun(command.value, (run) => {
          this.hold(run, 'operator', command.value.reasons.filter(isReasonCode));
        });
        return;
      case 'resume':
        this.withRun(command.value, (run) => {
          this.permit(run);
        });
        return;
      case 'stop':
        this.withRun(command.value, (run) => {
          const { reason } = command.value;
          this.endLater(run, {
            kind: 'cancelled',
            code: isReasonCode(reason) ? reason : 'OPERATOR',
          });
        });
        return;
      case 'restart':
        this.deps.restart(Number(command.value.atUnixMs));
        return;
      case 'cancelRestart':
        this.deps.restart(undefined);
        return;
      case 'welcome':
      case 'wanted':
      case 'registered':
      case 'refused':
      case 'acknowledge':
        return;
    }
  }

  private withRun(to: { runId: string; epoch: bigint }, act: (run: HostRun) => void): void {
    const run = this.runs.get(to.runId);
    if (run !== undefined && !run.ending && Number(to.epoch) >= run.epoch) act(run);
  }

  private grant(grant: Grant): void {
    const before = this.runs.get(grant.runId);
    const epoch = Number(grant.epoch);
    if (before !== undefined) {
      if (before.epoch >= epoch) return;
      this.endLater(before, { kind: 'cancelled', code: 'SUPERSEDED' }, () => {
        this.grant(grant);
      });
      return;
    }
    const { time, chance } = this.deps;
    const work = grant.work;
    const received =
      work?.$case === 'perform' ? updateFromWire(work.value.update ?? never()) : undefined;
    const update = received?.kind === 'ok' ? received.update : undefined;
    const changes = update !== undefined && update.nextAction !== 'download';
    const declaredS = changes ? this.deps.software.sectionS(grant.updater?.id ?? '') : 0;
    const sectionMs = Math.floor(declaredS * 1_000 * chance.share());
    const run: HostRun = {
      ...{ runId: grant.runId, epoch, updaterId: grant.updater?.id ?? '' },
      update,
      receipts:
        work?.$case === 'revert' ? work.value.roots.map(({ receiptId }) => receiptId) : undefined,
      guard: grant.guard.map((wire) => requirementFromWire(wire) ?? never()),
      holds: new Set(),
      life: { over: false },
      leftMs: sectionMs + chance.waiting(sectionMs > 0 ? BEFORE_SECTION_MS_MEAN : RUN_MS_MEAN),
      ...{ sectionMs, inSection: false, throttled: false },
      runningSinceMs: time.nowMs,
      lease: () => undefined,
      end: () => undefined,
      ending: false,
    };
    this.runs.set(run.runId, run);
    if (this.isBroken(run)) this.hold(run, 'guard', ['PERSON_PRESENT']);
    this.renew(run, grant.leaseMs);
    this.emitFact(run, { kind: 'run.started', runId: run.runId, sandboxSha256: '', launchMs: 1 });
    this.go(run);
  }

  private renew(run: HostRun, leaseMs: number): void {
    run.lease();
    run.lease = this.deps.time.after(leaseMs, run.life, () => {
      this.hold(run, 'lease', ['LEASE_LOST']);
    });
    if (run.holds.delete('lease')) this.thawIfFree(run);
  }

  private permit(run: HostRun): void {
    const was = run.holds.size > 0;
    run.holds.delete('operator');
    if (this.isBroken(run)) run.holds.add('guard');
    else run.holds.delete('guard');
    if (was) this.thawIfFree(run);
    if (run.holds.size > 0) this.emitFrozen(run, ['PERSON_PRESENT']);
  }

  private hold(run: HostRun, kind: Hold, reasons: readonly ReasonCode[]): void {
    if (run.ending) return;
    if (run.inSection) {
      this.throttle(run, reasons);
      return;
    }
    const was = run.holds.size > 0;
    run.holds.add(kind);
    if (was) return;
    run.end();
    run.leftMs -= this.deps.time.nowMs - run.runningSinceMs;
    this.emitFrozen(run, reasons);
  }

  /** What cannot be frozen goes on, slowed. */
  private throttle(run: HostRun, reasons: readonly ReasonCode[]): void {
    if (run.throttled) return;
    run.throttled = true;
    this.emitFact(run, { kind: 'run.throttled', runId: run.runId, reasons, cpuUs: 0 });
  }

  private enterSection(run: HostRun): void {
    const { runId, sectionMs } = run;
    run.inSection = true;
    this.emitFact(run, { kind: 'critical.changed', runId, entered: true, why: 'renaming' });
    run.end = this.deps.time.after(sectionMs, run.life, () => {
      if (run.throttled) {
        const cost = { throttledMs: 1, cpuUsWhileThrottled: 0 };
        this.emitFact(run, { kind: 'run.unthrottled', runId, ...cost });
      }
      const left = { entered: false, lastedMs: sectionMs, why: 'renaming' };
      this.emitFact(run, { kind: 'critical.changed', runId, ...left });
      this.end(run, this.outcomeOf(run));
    });
  }

  private thawIfFree(run: HostRun): void {
    if (run.holds.size > 0) return;
    const { runId } = run;
    this.emitFact(run, { kind: 'run.thawed', runId, frozenMs: 1, cpuUsWhileFrozen: 0 });
    this.go(run);
  }

  private go(run: HostRun): void {
    if (run.holds.size > 0) return;
    run.runningSinceMs = this.deps.time.nowMs;
    const { leftMs, sectionMs, life } = run;
    run.end = this.deps.time.after(Math.max(0, leftMs - sectionMs), life, () => {
      if (sectionMs > 0) this.enterSection(run);
      else this.end(run, this.outcomeOf(run));
    });
  }

  /** The host itself does it, and its disk may be full. */
  private revert(run: HostRun, receipts: readonly string[]): Outcome {
    const { chance, faults, software } = this.deps;
    if (faults.on && chance.below(20) === 0)
      return { kind: 'failed', code: 'NO_SPACE', message: 'no room', retry: true };
    for (const receiptId of receipts) {
      software.putBack(receiptId);
      this.emitFact(run, installed(run.runId, receiptId, true));
    }
    return { kind: 'succeeded' };
  }

  private outcomeOf(run: HostRun): Outcome {
    const { chance, faults, software } = this.deps;
    if (run.receipts !== undefined) return this.revert(run, run.receipts);
    const fate = faults.on ? chance.below(20) : 19;
    if (fate === 0)
      return { kind: 'failed', code: 'UPDATER_CRASHED', message: 'it died', retry: true };
    if (fate === 1) return { kind: 'failed', code: 'UPSTREAM_DOWN', message: 'gone', retry: true };
    if (run.update === undefined) {
      const pending = software.pending(run.updaterId);
      for (const update of pending) {
        const found = (received: Update): void => {
          this.emit(run, { kind: 'found', received: { kind: 'ok', update: received } });
        };
        found(update);
        if (fate === 2) found(update); // A lie: the same one twice.
      }
      const lie = fate === 2 && pending.length > 0;
      const ids = pending.map(({ id }) => id);
      this.deps.truth.scanned(run.runId, run.epoch, lie ? { kind: 'lie' } : { kind: 'found', ids });
      return { kind: 'succeeded' };
    }
    if (fate === 4)
      return { kind: 'failed', code: 'LOCK_HELD', message: 'dpkg is at work', retry: true };
    if (fate === 3) return { kind: 'succeeded' }; // A lie: nothing was done.
    const next = software.perform(run.updaterId, run.update.id, run.update.nextAction);
    if (next === 'gone') return { kind: 'gone' };
    if (next === 'broken')
      return { kind: 'failed', code: 'VERIFY_FAILED', message: 'it does not start', retry: false };
    if (run.update.nextAction === 'install') {
      const receiptId = receiptOf({ updaterId: run.updaterId, update: run.update });
      this.emitFact(run, installed(run.runId, receiptId, false));
    }
    return next === 'done' ? { kind: 'succeeded' } : { kind: 'more_to_do', nextAction: next };
  }

  /** A program takes a moment to die. */
  private endLater(run: HostRun, outcome: Outcome, then: () => void = () => undefined): void {
    if (run.ending) return;
    run.ending = true;
    run.end();
    run.lease();
    this.deps.time.after(this.deps.chance.waiting(DYING_MS_MEAN), run.life, () => {
      this.end(run, outcome);
      then();
    });
  }

  private end(run: HostRun, outcome: Outcome): void {
    run.life.over = true;
    this.runs.delete(run.runId);
    if (outcome.kind === 'failed') this.deps.truth.didNotWork(run.runId, run.epoch);
    this.emit(run, { kind: 'finished', outcome, stderrTail: '' });
    if (this.deps.faults.on && this.deps.chance.below(30) === 0) {
      // A lie: it goes on talking of a run that is over.
      this.emit(run, { kind: 'progress', fraction: 7, step: 'beyond the end' });
      this.emitFrozen(run, ['PERSON_PRESENT']);
    }
  }

  crash(): void {
    this.life.over = true;
    for (const run of this.runs.values()) run.life.over = true;
    this.runs.clear();
  }

  private emitFrozen({ runId, epoch }: HostRun, reasons: readonly ReasonCode[]): void {
    this.emitFact({ runId, epoch }, { kind: 'run.paused', runId, reasons, cpuUs: 0 });
  }

  private emitFact(run: { runId: string; epoch: number }, fact: Fact): void {
    this.emit(run, { kind: 'fact', fact });
  }

  private emit({ runId, epoch }: { runId: string; epoch: number }, body: LinkEvent['body']): void {
    this.sequence += 1;
    this.deps.truth.told(this.instanceId, this.sequence, epoch);
    this.outbox.push({ sequence: this.sequence, runId, epoch, body });
    this.deps.posted();
  }
}

function installed(runId: string, receiptId: string, reverted: boolean): Fact {
  return {
    ...{ kind: 'content.installed', runId, receiptId, reverted, root: 'apps', path: receiptId },
    ...{ treeBeforeSha256: '', treeAfterSha256: reverted ? '' : receiptId, changes: [] },
    ...{ fileCount: 1, sizeBytes: 1, truncated: false },
  };
}

function never(): never {
  throw new Error('a grant that cannot be read');
}
