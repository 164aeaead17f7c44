// J13: which updates had a verify that really did not work, or that was cut so often that it counts as
// one that cannot be asked.

import type { Fact } from '../../orchestrator/journal/fact.js';
import { InvariantError } from './invariant-error.js';
import type { Truth } from './truth.js';

/** Of the simulated policies: a run that was cut so often is a failed one. */
const CUTS_MAX = 5;

interface Verify {
  readonly subject: string;
  readonly epoch: number;
  readonly cutCount: number;
}

export class Verdicts {
  private readonly verifies = new Map<string, Verify>();
  private readonly bad = new Set<string>();

  constructor(private readonly truth: Truth) {}

  read(fact: Fact): void {
    if (fact.kind === 'run.admitted') {
      const { runId, epoch, updaterId, work } = fact;
      if (work.kind !== 'perform' || work.update.nextAction !== 'verify') return;
      const cutCount = this.verifies.get(runId)?.cutCount ?? 0;
      this.verifies.set(runId, { subject: `${updaterId} ${work.update.id}`, epoch, cutCount });
      return;
    }
    if (fact.kind !== 'run.finished' && fact.kind !== 'run.interrupted') return;
    const verify = this.verifies.get(fact.runId);
    if (verify === undefined) return;
    const { subject, epoch, cutCount } = verify;
    if (fact.kind === 'run.interrupted') {
      this.verifies.set(fact.runId, { ...verify, cutCount: cutCount + 1 });
      if (cutCount + 1 >= CUTS_MAX) this.bad.add(subject);
    } else if (fact.outcome.kind === 'failed') {
      if (!this.truth.hasNotWorked(fact.runId, epoch))
        throw new InvariantError(`J13: the verify of ${subject} did not fail in truth`);
      this.bad.add(subject);
    } else if (fact.outcome.kind === 'succeeded') {
      this.bad.delete(subject);
    }
  }

  /** @throws InvariantError where it is given up, and nothing was ever wrong with it. */
  mayBeGivenUp(subject: string): void {
    if (!this.bad.has(subject))
      throw new InvariantError(`J13: ${subject} is given up, and its verify never failed`);
  }
}
