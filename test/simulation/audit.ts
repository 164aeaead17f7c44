// The auditor reads the journal as it grows and knows the truth of the machine. It shares no code with
// what it audits: it keeps runs and orders in a small model of its own.
//
//   J1. Every admission has a fence above all before it, of a run that holds nothing and is not over.
//   J2. Nothing is admitted against what was durable when it was decided: trust, the trip switch,
//       vetoes, holds. Nor is anything of a publisher that policy does not name.
//   J3. What failed is not tried again before its wait has passed.
//   J4. What the journal says a host told of a run is of the run's present attempt.
//   J5. What nobody may notice begins and goes on only when nobody was seen for long enough, on mains
//       if it changes something, and not beside what others do. What looks after a change waits for
//       nobody there, and for no mains.
//   J6. What a scan found is what was there: all of it, once, and no lie.
//   J7. No two runs hold what only one may.
//   J8. Comfort is set aside only for what somebody wants now.
//   J9. What nobody wants now and is not overdue begins in a window, where policy has some.
//   J10. The machine is told to restart only while nothing is under way, by policy or for what somebody
//        wants, and not under somebody who is logged in from elsewhere.
//   J11. What is learnt of an hour fits in an hour.
//   J12. What waits for a restart of the machine goes on only after there really was one.
//   J13. What is given up because it does not work has a verify that really did not.

import type { Entry } from '../../orchestrator/journal/chain.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { Policy } from '../../orchestrator/policy/policy.js';
import type { Intrusion } from '../../orchestrator/runs/intrusion.js';
import type { Work } from '../../orchestrator/runs/update.js';
import { Orders } from './audit-orders.js';
import { beginFault, besideSomebody, changes, mends, restartFault } from './audit-moments.js';
import { AuditedRuns, noRest, subjectOf, type Rest } from './audit-runs.js';
import { RestartsAsked } from './audit-restarts.js';
import { Verdicts } from './audit-verdicts.js';
import { InvariantError } from './invariant-error.js';
import type { Sight, Truth } from './truth.js';

/** ±10 % on every wait. */
const WAIT_SHARE_MIN = 0.9;

type Of<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

export class Audit {
  private readonly runs = new AuditedRuns();
  private readonly orders = new Orders();
  private readonly restarts: RestartsAsked;
  readonly verdicts: Verdicts;
  private readonly levels = new Map<number, Intrusion>();
  private epoch = 0;

  constructor(
    private readonly policies: { readonly at: (atMs: number) => readonly Policy[] },
    private readonly truth: Truth,
  ) {
    this.restarts = new RestartsAsked(truth);
    this.verdicts = new Verdicts(truth);
  }

  /** @param nowMs when it became durable, on the clock of the entries. */
  read(entry: Entry, nowMs: number, clockIsSteady: boolean): void {
    const { fact, atMs } = entry;
    this.hearsThePresent(fact);
    if (fact.kind === 'run.admitted') this.admitted(fact, atMs, clockIsSteady);
    else if (fact.kind === 'run.resumed' && clockIsSteady) this.goesOn(fact, atMs);
    else if (fact.kind === 'run.interrupted') this.runs.change(fact.runId, { state: 'cut' }, atMs);
    else if (fact.kind === 'run.finished') this.finished(fact, atMs);
    else if (fact.kind === 'scan.found') this.found(fact);
    else if (fact.kind === 'updater.withdrawn') this.runs.disown(fact.id);
    else if (fact.kind === 'restart.ordered' && clockIsSteady) this.restartOrdered(fact, atMs);
    else if (fact.kind === 'rhythm.hour') fitsInAnHour(fact);
    this.restarts.read(fact);
    this.verdicts.read(fact);
    if (fact.kind === 'updater.withdrawn' || fact.kind === 'updater.enabled')
      this.runs.forgetRests(fact.id);
    this.orders.read(fact, atMs, nowMs);
  }

  /** How much of a run may be felt, by its fence; undefined: nothing durable permits it. */
  levelOf(epoch: number): Intrusion | undefined {
    return this.levels.get(epoch);
  }

  private admitted(fact: Of<'run.admitted'>, atMs: number, clockIsSteady: boolean): void {
    const { runId, epoch, attempt, updaterId, work, intrusion: level = 'silent' } = fact;
    const before = this.runs.get(runId);
    check('J1', epoch > this.epoch, `${runId} has the fence ${String(epoch)} again`);
    check('J1', before === undefined || before.state === 'cut', `${runId} is on or over`);
    check('J1', attempt <= (before?.attempt ?? 0) + 1, `${runId} skips an attempt`);
    const subject = subjectOf(updaterId, work);
    if (clockIsSteady) {
      const against = this.orders.against(updaterId, subject, atMs, work.kind === 'revert');
      check('J2', against === undefined, `${runId} is admitted against ${against ?? ''}`);
      if (work.kind !== 'revert') this.byOneOf(atMs, (policy) => trustFault(fact, policy));
      const forced = level === 'forced';
      const wanted = work.kind === 'revert' || this.orders.isWanted(subject, atMs);
      check('J8', !forced || wanted, `nobody wants ${runId} now`);
      const rested = this.runs.hasRested(runId, subject, atMs);
      check('J3', forced || rested, `${runId} is tried again too soon`);
      this.begins(runId, work, level, atMs);
    }
    this.hasItsOwn(fact);
    this.epoch = epoch;
    this.levels.set(epoch, level);
    this.runs.begin(runId, { epoch, attempt, updaterId, work, level });
  }

  /** J5, J9. */
  private begins(runId: string, work: Work, level: Intrusion, atMs: number): void {
    if (level === 'forced') return;
    const quietForMs =
      this.runs.held().length === 0 ? atMs - this.runs.lastEndMs : Number.NEGATIVE_INFINITY;
    const begin = { runId, level, changes: changes(work), mends: mends(work), quietForMs, atMs };
    this.byOneOf(atMs, (policy, sight) => beginFault(begin, policy, sight));
  }

  private goesOn({ runId }: Of<'run.resumed'>, atMs: number): void {
    const run = this.runs.get(runId);
    // Over meanwhile: what was written before it was not known yet when it was decided.
    if (run?.state !== 'held' || run.level !== 'silent') return;
    this.byOneOf(atMs, ({ waiting }, sight) =>
      besideSomebody(runId, waiting.awayToResumeMs, waiting, atMs, sight),
    );
  }

  /** J10. */
  private restartOrdered(fact: Of<'restart.ordered'>, atMs: number): void {
    check('J10', this.runs.held().length === 0, 'the machine restarts under what runs');
    const wanted = fact.updates.some((subject) => this.orders.isWanted(subject, atMs));
    const warnedMs = fact.atMs - atMs;
    this.byOneOf(atMs, (policy, sight) => restartFault(wanted, warnedMs, policy, sight));
  }

  /** By one of the policies in force, and of the sights that can have been seen, it was right. */
  private byOneOf(atMs: number, faultOf: (policy: Policy, sight: Sight) => string): void {
    const sights = this.truth.sightsAt(atMs);
    const faults = this.policies
      .at(atMs)
      .flatMap((policy) => sights.map((sight) => faultOf(policy, sight)));
    if (faults.length > 0 && !faults.includes('')) throw new InvariantError(faults[0] ?? '');
  }

  private finished({ runId, outcome }: Of<'run.finished'>, atMs: number): void {
    const run = this.runs.get(runId);
    if (run === undefined) return;
    const handedOver =
      outcome.kind === 'cancelled' &&
      ['SHUTTING_DOWN', 'SUPERSEDED', 'GAVE_WAY', 'OUTSIDE_WINDOW'].includes(outcome.code);
    // After a crash it is repeated, or over when it crashed too often: it may be either.
    const crashed = outcome.kind === 'failed' && outcome.code === 'UPDATER_CRASHED';
    const rest = outcome.kind === 'failed' ? this.restAfterFailure(atMs) : noRest;
    const state = handedOver || crashed ? 'cut' : 'over';
    this.runs.change(runId, { state, rest }, atMs);
    if (!handedOver && !(run.disowned && run.work.kind === 'perform'))
      this.runs.rest(subjectOf(run.updaterId, run.work), rest);
    if (state === 'over' && outcome.kind !== 'more_to_do' && outcome.kind !== 'cancelled') {
      this.orders.met(subjectOf(run.updaterId, run.work));
    }
  }

  private restAfterFailure(atMs: number): Rest {
    const [policy] = this.policies.at(atMs);
    if (policy === undefined) throw new Error('no policy is in force');
    return { sinceMs: atMs, untilMs: atMs + policy.retry.firstMs * WAIT_SHARE_MIN };
  }

  /** J6. */
  private found({ runId, updates }: Of<'scan.found'>): void {
    const run = this.runs.get(runId);
    const finding = this.truth.findingOf(runId, run?.epoch ?? 0);
    const written = updates.map(({ id }) => id).sort();
    const ids = finding?.kind === 'found' ? [...finding.ids].sort() : undefined;
    check('J6', ids?.join() === written.join(), `${runId} did not find ${written.join(', ')}`);
  }

  /** J4. */
  private hearsThePresent(fact: Fact): void {
    if (fact.heard === undefined || !('runId' in fact)) return;
    const { instanceId, sequence } = fact.heard;
    const epoch = this.truth.epochTold(instanceId, sequence);
    const run = this.runs.get(fact.runId);
    const present = run?.epoch === epoch && run?.state !== 'over';
    check('J4', present, `${fact.kind} of ${fact.runId} was told by an attempt before`);
    const ends = fact.kind === 'run.finished' || fact.kind === 'run.interrupted';
    check('J4', ends || run?.state === 'held', `${fact.kind} of ${fact.runId}, which was cut`);
  }

  /** J7. */
  private hasItsOwn(fact: Of<'run.admitted'>): void {
    for (const other of this.runs.held()) {
      check('J7', other.updaterId !== fact.updaterId, `${fact.runId}: a second run of its updater`);
      const [mine, theirs] = [fact.work, other.work];
      if (mine.kind === 'scan' || theirs.kind === 'scan') continue;
      const alone = mine.update.exclusive || theirs.update.exclusive;
      check('J7', !alone, `${fact.runId}: beside what is exclusive`);
      const shared = mine.update.conflictKeys.some((key) =>
        theirs.update.conflictKeys.includes(key),
      );
      check('J7', !shared, `${fact.runId}: beside what has its key`);
    }
  }
}

/** J2: publishers that are simulated have ids with one prefix each. */
function trustFault({ runId, updaterId }: Of<'run.admitted'>, { publishers }: Policy): string {
  const prefixes = publishers.flatMap(({ ids }) => ids).map((id) => id.slice(0, -1));
  const trusted = prefixes.some((prefix) => updaterId.startsWith(prefix));
  return trusted ? '' : `J2: ${runId} is admitted, and policy trusts nobody for ${updaterId}`;
}

/** J11. */
function fitsInAnHour({ hourOfWeek, awayS, returns, ages = [] }: Of<'rhythm.hour'>): void {
  const fits = hourOfWeek >= 0 && hourOfWeek < 168 && awayS >= 0 && awayS <= 3_600 && returns >= 0;
  check('J11', fits, `hour ${String(hourOfWeek)} has ${String(awayS)} s of absence`);
  const [ofAgesS, endedCount] = ages.reduce(
    ([seconds, count], [, lastedS, ended]) => [seconds + lastedS, count + ended],
    [0, 0],
  );
  const agree = Math.abs(ofAgesS - awayS) <= ages.length && endedCount === returns;
  check('J11', agree, `hour ${String(hourOfWeek)} is another one by its ages`);
}

function check(rule: string, holds: boolean, otherwise: string): void {
  if (!holds) throw new InvariantError(`${rule}: ${otherwise}`);
}
