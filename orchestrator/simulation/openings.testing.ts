// Families of absences, for properties: how long a machine is left alone, and how long it is not. Each
// is made of what fast-check can shrink, so that what fails is told by its smallest trace.

import fc from 'fast-check';
import { AGES_FROM_S } from '../world/absence-ages.js';
import { merged, type Span } from './span.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** One absence: how long somebody is there before it, and how long it lasts, ms. */
type Absence = readonly [thereMs: number, awayMs: number];
export type Absences = readonly Absence[];

const seconds = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map((s) => s * SECOND_MS);
/** Above 0 and below 1; the less, the shorter a span. */
const chance = fc.integer({ min: 1, max: 999 }).map((n) => n / 1_000);
const COUNT_MAX = 120;

/** The same again and again, as by a clock. */
const regular: fc.Arbitrary<Absences> = fc
  .tuple(seconds(1, 7_200), seconds(1, 14_400), fc.integer({ min: 1, max: COUNT_MAX }))
  .map(([there, away, count]) => Array.from({ length: count }, (): Absence => [there, away]));

/** Many short ones close to each other, and long times of use between. */
const bursty: fc.Arbitrary<Absences> = fc
  .array(
    fc.tuple(
      seconds(600, 40_000),
      fc.array(fc.tuple(seconds(1, 60), seconds(1, 600)), { minLength: 1, maxLength: 20 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((bursts) =>
    bursts.flatMap(([breakMs, burst]) =>
      burst.map(([there, away], i): Absence => [i === 0 ? breakMs : there, away]),
    ),
  );

/** Their age says nothing of their end: exponential, of one mean. */
const memoryless: fc.Arbitrary<Absences> = drawn(
  (share, meanMs) => -meanMs * Math.log(1 - share),
  seconds(20, 7_200),
);

/** Most are short, and a few are longer than all others together: Pareto. */
const heavyTailed: fc.Arbitrary<Absences> = fc
  .integer({ min: 6, max: 15 })
  .chain((tenths) =>
    drawn((share, leastMs) => leastMs * (1 - share) ** (-10 / tenths), seconds(5, 300)),
  );

/** Blocks of absences that end where that hurts most: where something is begun, or is not done yet. */
const adversarial: fc.Arbitrary<Absences> = fc
  .array(
    fc.tuple(
      seconds(1, 3_600),
      fc.constantFrom(...AGES_FROM_S, ...[20, 80, 140, 290, 350, 10_800]),
      fc.integer({ min: -61, max: 61 }),
      fc.integer({ min: 1, max: 40 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((blocks) =>
    blocks.flatMap(([there, edgeS, offS, count]) =>
      Array.from({ length: count }, (): Absence => [there, Math.max(1, edgeS + offS) * SECOND_MS]),
    ),
  );

export const families = { regular, bursty, memoryless, heavyTailed, adversarial } as const;

/** Absences whose lengths are drawn one by one from one law of some size. */
function drawn(
  lengthOf: (share: number, sizeMs: number) => number,
  sizeMs: fc.Arbitrary<number>,
): fc.Arbitrary<Absences> {
  const thereMs = chance.map((share) => -HOUR_MS * Math.log(1 - share));
  return fc
    .tuple(sizeMs, fc.array(fc.tuple(thereMs, chance), { minLength: 1, maxLength: COUNT_MAX }))
    .map(([size, draws]) =>
      draws.map(([there, share]): Absence => [
        Math.max(SECOND_MS, Math.round(there)),
        Math.max(SECOND_MS, Math.round(lengthOf(share, size))),
      ]),
    );
}

/** One after the other, up to `endMs`. */
export function spansOf(absences: Absences, startMs: number, endMs: number): Span[] {
  const spans: Span[] = [];
  let atMs = startMs;
  for (const [thereMs, awayMs] of absences) {
    const fromMs = atMs + thereMs;
    if (fromMs >= endMs) break;
    atMs = fromMs + awayMs;
    spans.push({ fromMs, toMs: Math.min(atMs, endMs) });
  }
  return merged(spans);
}
