// Watches a life: after every step the auditor reads what became durable, and the invariants are asked.

import { holdsSlot } from '../../orchestrator/runs/run.js';
import { parseEntry } from '../../orchestrator/world/entry-log.loop.js';
import { Audit } from './audit.js';
import type { Disk } from './disk.js';
import type { SimulatedHost } from './host.js';
import { InvariantError } from './invariant-error.js';
import { checkBlame, checkHost, checkReasons, checkStandstill } from './invariants.js';
import type { SimulatedOrchestrator } from './orchestrator.js';
import type { Policies } from './policy.js';
import type { Senses } from './senses.js';
import type { Truth } from './truth.js';
import type { VirtualTime } from './virtual-time.js';

/** Plans are made to be looked at only now and then: they cost more than anything else here. */
const REASONS_EVERY = 16;
/** After it is said, or durable: the link's worst lag, and a moment. */
const STANDSTILL_MS = 60_000;
/** A host that does not know of a run by now never will. */
const UNKNOWN_RUN_MS = 60_000;

/** What only looks, or fetches, or looks after what was changed before. */
const withoutMains: ReadonlySet<string> = new Set(['scan', 'download', 'verify', 'rollback']);

export class Watch {
  stepCount = 0;
  readonly audit: Audit;
  private auditedCount = 0;
  /** Runs that the attached host has not heard of, and since when. */
  private unknownRuns = new Map<string, number>();
  /** Since when what was said to stop everything could be obeyed, by what was said. */
  private readonly stoppedSinceMs = new Map<string, number>();

  constructor(
    private readonly deps: {
      readonly time: VirtualTime;
      readonly disk: Disk;
      readonly policies: Policies;
      readonly truth: Truth;
      readonly senses: Senses;
      readonly small: boolean;
    },
  ) {
    this.audit = new Audit(deps.policies, deps.truth);
  }

  /** @throws InvariantError */
  look(
    host: SimulatedHost | undefined,
    orchestrator: SimulatedOrchestrator | undefined,
    isLinked: boolean,
  ): void {
    this.stepCount += 1;
    this.auditJournal();
    if (host !== undefined) {
      checkHost(host, this.deps.policies.slotsMax(), this.deps.small);
      this.checkComfort(host);
    }
    if (orchestrator === undefined) return;
    if (this.stepCount % REASONS_EVERY === 0) {
      const { senses } = this.deps;
      const plan = orchestrator.planNow();
      checkReasons(orchestrator.ledger.inForce, plan);
      if (senses.clockIsSteady() && senses.othersWereCalm()) checkBlame(plan);
    }
    this.checkKnown(host, orchestrator);
    this.checkStopped(host, orchestrator, isLinked);
  }

  private auditJournal(): void {
    const { disk, time, senses } = this.deps;
    for (; this.auditedCount < disk.entries.length; this.auditedCount += 1) {
      const stored = disk.entries[this.auditedCount];
      if (stored === undefined) return;
      this.audit.read(parseEntry(stored), time.wallMs, senses.clockIsSteady());
    }
  }

  /** I6: by what is so, not by the guard that somebody gave the run. I9. */
  private checkComfort(host: SimulatedHost): void {
    const { seenAwaySinceMs, mains } = this.deps.senses;
    for (const { runId, epoch, update, holds, ending, inSection } of host.runs.values()) {
      if (holds.size > 0 || ending || inSection) continue;
      const level = this.audit.levelOf(epoch);
      const action = update?.nextAction ?? 'scan';
      const changes = !withoutMains.has(action);
      if (level === undefined) throw new InvariantError(`I9: nothing durable permits ${runId}`);
      if (level === 'silent' && seenAwaySinceMs === undefined)
        throw new InvariantError(`I6: ${runId} is silent, and runs beside a person`);
      if ((level === 'silent' || level === 'gentle') && changes && !mains)
        throw new InvariantError(`I6: ${runId} changes something on battery`);
    }
  }

  /** I7. */
  private checkKnown(
    host: SimulatedHost | undefined,
    { ledger, edges }: SimulatedOrchestrator,
  ): void {
    const unknown = new Map<string, number>();
    const { nowMs } = this.deps.time;
    if (host !== undefined && edges.current() !== undefined) {
      const spokenOf = new Set(host.outbox.map(({ runId }) => runId));
      for (const run of ledger.world.runs.values()) {
        if (!holdsSlot(run) || host.runs.has(run.id) || spokenOf.has(run.id)) continue;
        const sinceMs = this.unknownRuns.get(run.id) ?? nowMs;
        if (nowMs - sinceMs > UNKNOWN_RUN_MS)
          throw new InvariantError(`I7: the host never heard of ${run.id}, and nobody repeats it`);
        unknown.set(run.id, sinceMs);
      }
    }
    this.unknownRuns = unknown;
  }

  /** I4. */
  private checkStopped(
    host: SimulatedHost | undefined,
    { ledger }: SimulatedOrchestrator,
    isLinked: boolean,
  ): void {
    const { time, policies } = this.deps;
    const tripped = (ledger.world.tripped?.untilMs ?? 0) > time.wallMs;
    const distrusted = policies.current.publishers.length === 0;
    for (const [why, stops] of [
      ['the trip switch', tripped],
      ['nobody was trusted any more', distrusted],
    ] as const) {
      const sinceMs = this.stoppedSinceMs.get(why) ?? time.nowMs;
      if (!stops || !isLinked) this.stoppedSinceMs.delete(why);
      else this.stoppedSinceMs.set(why, sinceMs);
      if (host === undefined || !this.stoppedSinceMs.has(why)) continue;
      const stoppedForMs = time.nowMs - sinceMs;
      if (stoppedForMs >= STANDSTILL_MS) checkStandstill(host, why, stoppedForMs, !tripped);
    }
  }
}
