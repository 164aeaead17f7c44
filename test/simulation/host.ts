// A simulated plugin-host: it holds runs and their guards as the real one does, and it crashes, lags,
// lies and comes back.

import { objections } from '../../conditions/requirement.js';
import type { Readings } from '../../conditions/reading.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { LinkEvent } from '../../orchestrator/link/event.wire.js';
import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import type { Outcome } from '../../orchestrator/runs/run.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import { Fates, type HostFaults } from './fate.js';
import { runOf, type Command, type Grant, type Hold, type HostRun } from './host-run.js';
import type { Software } from './software.js';
import type { Truth } from './truth.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

const DYING_MS_MEAN = 400;

/** One instance; a crash is the end of it. */
export class SimulatedHost {
  readonly runs = new Map<string, HostRun>();
  /** Not acknowledged yet. */
  readonly outbox: LinkEvent[] = [];
  readonly life: Lifetime = { over: false };
  private readonly fates: Fates;
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
    this.fates = new Fates(deps, (run, body) => {
      this.emit(run, body);
    });
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
    const run = runOf(grant, this.deps);
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
      this.end(run, this.fates.of(run));
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
      else this.end(run, this.fates.of(run));
    });
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
