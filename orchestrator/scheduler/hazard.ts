// How soon absences end, by how long they have lasted: what is known of machines in general, and what
// this one has shown instead.
//
// Invariant: H1. The longer an absence has lasted, the less soon it ends. What a machine shows
// otherwise is chance as a rule, and is evened out; so that the chance to stay away only ever grows.

import { AGES_FROM_S, overlapS, type Ages } from '../world/absence-ages.js';

/** Fitted to 6,108 quiet spells of 345 devices. */
const RETURNS = 0.434;
const EARLY_S = 30;
/** What is known in general counts as so many returns, in each class of age. */
const PRIOR_RETURNS = 2;

/** Of each class of age, how often an absence ends there in a second of it. */
export type Hazards = readonly number[];

const usual: Hazards = AGES_FROM_S.map((fromS, i) => {
  const toS = AGES_FROM_S[i + 1];
  if (toS === undefined) return RETURNS / (2 * fromS + EARLY_S);
  return (RETURNS * Math.log((toS + EARLY_S) / (fromS + EARLY_S))) / (toS - fromS);
});

/** A machine's own. */
export function hazardsOf(ages: Ages): Hazards {
  const pools: { returns: number; awayS: number; count: number }[] = [];
  ages.forEach((age, i) => {
    const returns = age.returns + PRIOR_RETURNS;
    const awayS = age.awayS + PRIOR_RETURNS / (usual[i] ?? Number.NaN);
    pools.push({ returns, awayS, count: 1 });
    for (;;) {
      const [before, last] = [pools.at(-2), pools.at(-1)];
      if (before === undefined || last === undefined) return;
      if (before.returns / before.awayS >= last.returns / last.awayS) return;
      pools.splice(-2, 2, {
        returns: before.returns + last.returns,
        awayS: before.awayS + last.awayS,
        count: before.count + last.count,
      }); // H1
    }
  });
  return pools.flatMap(({ returns, awayS, count }) => Array<number>(count).fill(returns / awayS));
}

/**
 * The chance that a quiet spell that has lasted `awayS` lasts `durationS` more, 0 to 1.
 * @param ratio how soon absences end now over how soon they usually do.
 */
export function chanceToStayAway(
  hazards: Hazards,
  awayS: number,
  durationS: number,
  ratio = 1,
): number {
  const fromS = Math.max(0, awayS);
  const expected = hazards.reduce(
    (sum, hazard, i) => sum + hazard * overlapS(i, fromS, fromS + durationS),
    0,
  );
  return Math.exp(-expected * ratio);
}
