// How absences end on this machine, by how long they have lasted: what the hours of its rhythm do not
// tell. Glances end many absences soon on one machine and none on another, and their hours look alike.
//
// Of each class of age it is known how long absences were in it, and how many of them ended there.

/** A class of age in one hour, or faded over many. */
export interface AgeSummary {
  /** Seconds of absence at such an age. */
  readonly awayS: number;
  /** How often an absence ended at such an age. */
  readonly returns: number;
}

/** As many as there are classes. */
export type Ages = readonly AgeSummary[];

/** As it is written: a class that has something, by the age at which it begins. */
export type WrittenAge = readonly [fromS: number, awayS: number, returns: number];

/** At what age a class begins, seconds. The last one has no end. */
export const AGES_FROM_S: readonly number[] = [
  ...[0, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_800, 3_600, 7_200],
];

/** What is known counts so much after another hour: about a month of memory, as the rhythm has. */
const FADE_PER_HOUR = 0.8 ** (1 / 168);

export const noAges: Ages = AGES_FROM_S.map(() => ({ awayS: 0, returns: 0 }));

/** With one hour more. */
export function learnAges(ages: Ages, hour: readonly WrittenAge[]): Ages {
  const seen = new Map(hour.map(([fromS, awayS, returns]) => [fromS, { awayS, returns }]));
  return ages.map(({ awayS, returns }, i) => {
    const more = seen.get(AGES_FROM_S[i] ?? -1);
    return {
      awayS: awayS * FADE_PER_HOUR + (more?.awayS ?? 0),
      returns: returns * FADE_PER_HOUR + (more?.returns ?? 0),
    };
  });
}

export function writtenAges(ages: Ages): WrittenAge[] {
  return ages.flatMap(({ awayS, returns }, i): WrittenAge[] =>
    awayS > 0 || returns > 0 ? [[AGES_FROM_S[i] ?? 0, Math.round(awayS), returns]] : [],
  );
}

/** With an absence that lasted from one age to another. */
export function withAbsence(ages: Ages, fromS: number, toS: number): Ages {
  return ages.map((each, i) => {
    const lastedS = overlapS(i, fromS, toS);
    return lastedS > 0 ? { ...each, awayS: each.awayS + lastedS } : each;
  });
}

/** With an absence that ended at an age. */
export function withReturn(ages: Ages, atS: number): Ages {
  const at = AGES_FROM_S.findLastIndex((fromS) => fromS <= Math.max(0, atS));
  return ages.map((each, i) => (i === at ? { ...each, returns: each.returns + 1 } : each));
}

/** How much of the time between two ages is in a class, seconds. */
export function overlapS(at: number, fromS: number, toS: number): number {
  const endS = AGES_FROM_S[at + 1] ?? Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(toS, endS) - Math.max(fromS, AGES_FROM_S[at] ?? 0));
}
