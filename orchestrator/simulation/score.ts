// What a policy's rides were worth, and one cost to compare them by.

import { intersection, lengthMs } from './span.js';
import { allowedIn, endOf, type Errand, type Ride } from './errand.js';

/** The cost's weights, in hours of waiting. All ours: what matters is that they are the same for all. */
export const weights = {
  /** One minute in which it ran though it should not have, in hours waited. */
  perNotAllowedMinute: 6,
  perHourWaited: 1,
  /** A missed deadline, besides the time that was waited for it. */
  perMiss: 72,
} as const;

export interface Scored {
  readonly done: boolean;
  /** It was not done by its deadline: later, or never. */
  readonly missed: boolean;
  readonly notAllowedS: number;
  /** From its arrival to its end, or for as long as it was looked at. */
  readonly waitedH: number;
  readonly interruptions: number;
  readonly cost: number;
}

export interface Score {
  readonly name: string;
  readonly count: number;
  readonly doneShare: number;
  readonly notAllowedMeanS: number;
  readonly notAllowedP99S: number;
  readonly timeToUpdateP50H: number;
  readonly interruptionsMean: number;
  readonly missCount: number;
  readonly costMean: number;
}

export function scoreOf(errand: Errand, ride: Ride): Scored {
  const allowedMs = lengthMs(intersection(ride.ran, allowedIn(errand)));
  const notAllowedS = (lengthMs(ride.ran) - allowedMs) / 1_000;
  const done = ride.finishedAtMs !== undefined;
  const missed = (ride.finishedAtMs ?? Infinity) > errand.deadlineMs;
  const waitedH = ((ride.finishedAtMs ?? endOf(errand)) - errand.arrivalMs) / 3_600_000;
  const cost =
    (notAllowedS / 60) * weights.perNotAllowedMinute +
    waitedH * weights.perHourWaited +
    (missed ? weights.perMiss : 0);
  return { done, missed, notAllowedS, waitedH, interruptions: ride.interruptions, cost };
}

export function summary(name: string, scored: readonly Scored[]): Score {
  const count = scored.length;
  const mean = (values: readonly number[]): number =>
    count === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / count;
  const notAllowed = scored.map((each) => each.notAllowedS);
  const done = scored.filter((each) => each.done);
  return {
    name,
    count,
    doneShare: count === 0 ? 0 : done.length / count,
    notAllowedMeanS: mean(notAllowed),
    notAllowedP99S: rankOf(notAllowed, 0.99),
    timeToUpdateP50H: rankOf(
      done.map((each) => each.waitedH),
      0.5,
    ),
    interruptionsMean: mean(scored.map((each) => each.interruptions)),
    missCount: scored.filter((each) => each.missed).length,
    costMean: mean(scored.map((each) => each.cost)),
  };
}

/** Nearest rank; 0 of nothing. */
export function rankOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
