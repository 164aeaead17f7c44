// The virtual machine, in situations of an hour: what the real decide does with them.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import { decide } from '../scheduler/decide.js';
import { lull, policyForTraces, soon } from './comparison.js';
import type { Errand } from './errand.js';
import { runErrand } from './machine.js';
import { clairvoyant, idleTimer, startAtOnce } from './rivals.js';
import { scoreOf } from './score.js';
import { merged, type Span } from './span.js';
import { syntheticTraces } from './synthetic.js';
import { traceOf } from './trace.js';

const START_MS = Date.UTC(2030, 0, 7, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** An hour; spans in minutes from its start. */
function hourWith(
  away: readonly (readonly [from: number, to: number])[],
  changes: Partial<Errand> & { readonly mains?: readonly (readonly [number, number])[] } = {},
): Errand {
  const spans = (given: readonly (readonly [number, number])[]): Span[] =>
    given.map(([from, to]) => ({
      fromMs: START_MS + from * MINUTE_MS,
      toMs: START_MS + to * MINUTE_MS,
    }));
  const { mains = [[0, 60]], ...others } = changes;
  return {
    trace: traceOf({
      device: 'd',
      startMs: START_MS,
      endMs: START_MS + 60 * MINUTE_MS,
      away: spans(away),
      mains: spans(mains),
    }),
    arrivalMs: START_MS,
    deadlineMs: START_MS + 60 * MINUTE_MS,
    workMs: 10 * MINUTE_MS,
    stepMs: 0,
    ...others,
  };
}

const policy = soon(policyForTraces(defaultPolicy, 3 * DAY_MS), MINUTE_MS);

function minutes(errand: Errand, given: Policy = policy, reactionMs = 0) {
  const { ran, finishedAtMs, interruptions } = runErrand(errand, {
    decide,
    policy: given,
    reactionMs,
  });
  const minute = (atMs: number): number => (atMs - START_MS) / MINUTE_MS;
  return {
    ran: ran.map(({ fromMs, toMs }) => [minute(fromMs), minute(toMs)]),
    finished: finishedAtMs === undefined ? undefined : minute(finishedAtMs),
    interruptions,
  };
}

describe('one update of ten minutes', () => {
  test('runs a minute after the person left, to its end', () => {
    expect(minutes(hourWith([[5, 60]]))).toEqual({
      ran: [[6, 16]],
      finished: 16,
      interruptions: 0,
    });
  });

  test('stands still while the person is there, and goes on where it stopped', () => {
    expect(
      minutes(
        hourWith([
          [0, 4],
          [20, 60],
        ]),
      ),
    ).toEqual({
      ran: [
        [1, 4],
        [21, 28],
      ],
      finished: 28,
      interruptions: 1,
    });
  });

  test('is frozen as late as the host reacts', () => {
    const { ran } = minutes(hourWith([[0, 4]]), policy, 6_000);
    expect(ran).toEqual([[1, 4.1]]);
  });

  test('waits for mains, and stops when they are lost', () => {
    const errand = hourWith([[0, 60]], {
      mains: [
        [10, 15],
        [30, 60],
      ],
    });
    expect(minutes(errand)).toEqual({
      ran: [
        [10, 15],
        [30, 35],
      ],
      finished: 35,
      interruptions: 1,
    });
  });

  test('is missed when nobody ever leaves', () => {
    expect(minutes(hourWith([]))).toEqual({ ran: [], finished: undefined, interruptions: 0 });
  });

  test('a step that cannot be frozen runs to its end', () => {
    const errand = hourWith([[0, 4.5]], { stepMs: MINUTE_MS });
    const calm = { ...policy, quietChance: { normal: 0, due: 0, overdue: 0 } };
    expect(minutes(errand, calm)).toEqual({ ran: [[1, 5]], finished: undefined, interruptions: 1 });
  });

  test('someone looks in twice within one step: it was caught once', () => {
    const errand = hourWith(
      [
        [0, 4.5],
        [4.6, 4.8],
        [4.9, 60],
      ],
      { stepMs: MINUTE_MS },
    );
    const calm = { ...policy, quietChance: { normal: 0, due: 0, overdue: 0 } };
    expect(minutes(errand, calm)).toMatchObject({ interruptions: 1 });
  });
});

describe('beside the rivals', () => {
  const errands = syntheticTraces(3, 40, 5).map((trace): Errand => ({
    trace,
    arrivalMs: trace.startMs,
    deadlineMs: trace.startMs + 3 * DAY_MS,
    workMs: 10 * MINUTE_MS,
    stepMs: 0,
  }));

  test('with a wait of a minute, Lull does what a perfect timer of a minute does', () => {
    const mine = lull('Lull', policy);
    for (const errand of errands) {
      const [ours, theirs] = [mine.run(errand), idleTimer(60).run(errand)];
      expect(ours.finishedAtMs === undefined).toBe(theirs.finishedAtMs === undefined);
      const late = (ours.finishedAtMs ?? 0) - (theirs.finishedAtMs ?? 0);
      // A few milliseconds of work are done while it is being frozen, and one wake may be rounded.
      expect(Math.abs(late)).toBeLessThanOrEqual(1_000);
      expect(scoreOf(errand, ours).notAllowedS).toBeLessThan(0.1);
    }
  });

  test('nobody is done before the clairvoyant without disturbing', () => {
    for (const errand of errands) {
      const best = clairvoyant.run(errand);
      expect(scoreOf(errand, best).notAllowedS).toBe(0);
      const ours = lull('Lull', soon(policy, 0)).run(errand);
      if (ours.finishedAtMs === undefined) continue;
      expect(best.finishedAtMs ?? Infinity).toBeLessThanOrEqual(ours.finishedAtMs + 1_000);
    }
  });

  test('start at once is always done, whoever is there', () => {
    for (const errand of errands) {
      expect(startAtOnce.run(errand).finishedAtMs).toBe(errand.arrivalMs + errand.workMs);
    }
  });
});

test('whatever the trace, it never runs while somebody is there, nor twice, nor too long', () => {
  const span = fc.tuple(fc.integer({ min: 0, max: 3_500 }), fc.integer({ min: 1, max: 900 }));
  const spans = fc.array(span, { maxLength: 12 }).map((pairs) =>
    merged(
      pairs.map(([from, length]) => ({
        fromMs: START_MS + from * 1_000,
        toMs: START_MS + (from + length) * 1_000,
      })),
    ),
  );
  fc.assert(
    fc.property(spans, spans, fc.integer({ min: 1, max: 1_200 }), (away, mains, workS) => {
      const errand = { ...hourWith([]), workMs: workS * 1_000 };
      const { device, startMs, endMs } = errand.trace;
      const trace = traceOf({ device, startMs, endMs, away, mains });
      const ride = runErrand({ ...errand, trace }, { decide, policy, reactionMs: 0 });
      expect(scoreOf({ ...errand, trace }, ride).notAllowedS).toBe(0);
      const ranMs = ride.ran.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
      expect(ranMs).toBeLessThanOrEqual(errand.workMs);
      expect(ride.finishedAtMs !== undefined).toBe(ranMs === errand.workMs);
      expect(merged(ride.ran)).toEqual(ride.ran);
    }),
    { numRuns: 200 },
  );
});
