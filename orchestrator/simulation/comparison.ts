// Policies side by side on the same errands: Lull's, its rivals', and the one that knows the future.

import type { Policy } from '../policy/policy.js';
import { decide } from '../scheduler/decide.js';
import type { Errand, Ride, Runner } from './errand.js';
import { runErrand } from './machine.js';
import type { Signal } from '../../conditions/reading.js';
import { peers } from './peers.js';
import { clairvoyant, rivals } from './rivals.js';
import { scoreOf, summary, type Score, type Scored } from './score.js';
import type { Trace } from './trace.js';

/** From a return to the frozen sandbox; what was measured lies between this and a tenth of it. */
export const REACTION_MS = 5;

export interface Compared extends Score {
  /** Cost over the clairvoyant's, errand by errand: the mean, and of the worst tenth. */
  readonly regretMean: number;
  readonly regretWorstTenth: number;
  readonly scored: readonly Scored[];
  readonly rides: readonly Ride[];
}

/** Benchmarks' one rule: an update that is not done by the errands' deadline is missed. */
export function policyForTraces(policy: Policy, deadlineMs: number): Policy {
  const rule = { deadlineMs, graceMs: 0 };
  return {
    ...policy,
    timeZone: 'UTC',
    deadlines: { critical: rule, security: rule, others: rule },
  };
}

export function lull(name: string, policy: Policy): Runner {
  return { name, run: (errand) => runErrand(errand, { decide, policy, reactionMs: REACTION_MS }) };
}

/** Leaves nothing to wait for but a minute of absence: enough where everything can be frozen. */
export function soon(policy: Policy, waitMs: number): Policy {
  const waits = {
    ...{ awayMs: waitMs, awayForInstallMs: waitMs, awayToResumeMs: waitMs },
    lockedMs: waitMs,
    darkMs: waitMs,
  };
  return { ...policy, waiting: { ...policy.waiting, ...waits } };
}

export function compare(lulls: readonly Runner[], errands: readonly Errand[]): Compared[] {
  const best = errands.map((errand) => scoreOf(errand, clairvoyant.run(errand)));
  return [...rivals, clairvoyant, ...lulls].map((runner) => {
    const rides = errands.map((errand) => runner.run(errand));
    const scored = errands.map((errand, i) =>
      scoreOf(errand, rides[i] ?? { ran: [], interruptions: 0 }),
    );
    const regrets = scored.map((each, i) => each.cost / Math.max(best[i]?.cost ?? 0, COST_MIN));
    return {
      ...summary(runner.name, scored),
      regretMean: regrets.reduce((sum, each) => sum + each, 0) / Math.max(1, regrets.length),
      regretWorstTenth: worstTenth(regrets),
      scored,
      rides,
    };
  });
}

/** What peers' rules look at and these traces do not tell of: by peer. */
export function takenForGranted(traces: readonly Trace[]): Map<string, readonly Signal[]> {
  const told = new Set(traces.flatMap(({ tells }) => [...tells]));
  return new Map(
    peers.flatMap(({ name, looksAt }) => {
      const missing = looksAt.filter((signal) => !told.has(signal));
      return missing.length > 0 ? [[name, missing] as const] : [];
    }),
  );
}

/** Nobody does better than the work's own time; the floor only keeps a division from exploding. */
const COST_MIN = 1 / 60;

/** The mean over the tenth of the errands that fared worst. */
function worstTenth(regrets: readonly number[]): number {
  const count = Math.max(1, Math.ceil(regrets.length / 10));
  const worst = [...regrets].sort((a, b) => b - a).slice(0, count);
  return worst.reduce((sum, each) => sum + each, 0) / Math.max(1, worst.length);
}
