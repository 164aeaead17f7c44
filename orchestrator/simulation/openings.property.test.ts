// Nobody starves, whatever the kind of absences: by a clock, in bursts, without memory, with a long tail,
// or made to hurt. An opening is put among them that is long enough, and has to be taken.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy } from '../policy/policy.js';
import { decide } from '../scheduler/decide.js';
import { AGES_FROM_S } from '../world/absence-ages.js';
import { policyForTraces } from './comparison.js';
import type { Errand } from './errand.js';
import { runErrand } from './machine.js';
import { families, spansOf, type Absences } from './openings.testing.js';
import { merged, type Span } from './span.js';
import { traceOf } from './trace.js';

const START_MS = Date.UTC(2030, 0, 7);
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1_440 * MINUTE_MS;
const DEADLINE_MS = 3 * DAY_MS;
const policy = policyForTraces(defaultPolicy, DEADLINE_MS);
const { lockedMs, awayForInstallMs } = policy.waiting;
/** Absences that are older are all of one age: nothing that was learnt says more against them. */
const OLDEST_MS = (AGES_FROM_S.at(-1) ?? 0) * SECOND_MS;
const RUNS = 40;

interface Case {
  readonly absences: Absences;
  readonly workMs: number;
  readonly stepMs: number;
  /** How long the opening is, and where it begins: as a share of what is left before the deadline. */
  readonly openMs: number;
  readonly from: number;
}

/** Work of up to ten steps, and an opening with a bit more room than `waitMs` and the work. */
function cases(
  absences: fc.Arbitrary<Absences>,
  stepS: readonly [min: number, max: number] | undefined,
  waitMs: number,
  earliest: number,
): fc.Arbitrary<Case> {
  const step = stepS === undefined ? fc.constant(0) : fc.integer({ min: stepS[0], max: stepS[1] });
  return fc
    .record({
      absences,
      step,
      count: fc.integer({ min: 1, max: 10 }),
      moreS: fc.integer({ min: 1, max: 3_600 }),
      from: fc.integer({ min: Math.round(earliest * 1_000), max: 1_000 }),
    })
    .map(({ absences: each, step: seconds, count, moreS, from }) => {
      const workMs = count * (seconds === 0 ? MINUTE_MS : seconds * SECOND_MS);
      const openMs = waitMs + workMs + moreS * SECOND_MS;
      return { absences: each, workMs, stepMs: seconds * SECOND_MS, openMs, from: from / 1_000 };
    });
}

function errandOf(
  { absences, workMs, stepMs, openMs, from }: Case,
  locks: boolean,
): {
  readonly errand: Errand;
  readonly opening: Span;
} {
  const endMs = START_MS + DEADLINE_MS;
  const fromMs = START_MS + Math.floor(from * (DEADLINE_MS - openMs));
  const opening = { fromMs, toMs: fromMs + openMs };
  // Somebody is there for a second before it and after it, so that it is an absence of its own.
  const away = merged([
    ...spansOf(absences, START_MS, fromMs - SECOND_MS),
    opening,
    ...spansOf([[SECOND_MS, MINUTE_MS], ...absences], opening.toMs, endMs),
  ]);
  const locked = locks ? away : [];
  const trace = traceOf({ device: 'd', startMs: START_MS, endMs, away, locked, mains: away });
  return { errand: { trace, arrivalMs: START_MS, deadlineMs: endMs, workMs, stepMs }, opening };
}

/** It is done before this opening ends, and as soon as `waitMs` allows. */
function isTaken(given: Case, waitMs: number, locks: boolean): void {
  const { errand, opening } = errandOf(given, locks);
  const { finishedAtMs = Infinity } = runErrand(errand, { decide, policy, reactionMs: 0 });
  expect((finishedAtMs - opening.fromMs) / SECOND_MS).toBeLessThanOrEqual(
    (waitMs + errand.workMs) / SECOND_MS,
  );
}

describe.each(Object.entries(families))('among %s absences', (_name, absences) => {
  const holds = (
    stepS: readonly [number, number] | undefined,
    waitMs: number,
    earliest: number,
    locks = true,
  ): void => {
    fc.assert(
      fc.property(cases(absences, stepS, waitMs, earliest), (given) => {
        isTaken(given, waitMs, locks);
      }),
      { numRuns: RUNS },
    );
  };

  test('what can be frozen takes an opening that lasts a moment longer than it', () => {
    holds(undefined, lockedMs, 0);
  });

  test('and so it does where nobody locks the screen, once that is an absence', () => {
    holds(undefined, awayForInstallMs, 0, false);
  });

  test('steps of up to a minute take one at whose age nothing more is known against it', () => {
    holds([1, 60], OLDEST_MS, 0);
  });

  test('steps as long as a manifest may declare take such a one in the last quarter', () => {
    holds([61, 600], OLDEST_MS, 0.75);
  });
});
