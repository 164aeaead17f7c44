// Nobody starves: whatever the trace, an opening that is long enough is taken, and no plain timer does
// better with what can be frozen.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import { days } from '../policy/window.js';
import { decide } from '../scheduler/decide.js';
import { lull, policyForTraces, REACTION_MS } from './comparison.js';
import { allowedIn, type Errand } from './errand.js';
import { runErrand } from './machine.js';
import { idleTimer, idleTimersS } from './rivals.js';
import { scoreOf, summary } from './score.js';
import { chanceFrom } from './seeded.js';
import { intersection, merged, type Span } from './span.js';
import { syntheticTraces } from './synthetic.js';
import { traceOf, type Trace } from './trace.js';

const START_MS = Date.UTC(2030, 0, 7);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const policy = policyForTraces(defaultPolicy, 3 * DAY_MS);

/** Two days; spans of minutes. */
const spans = fc
  .array(fc.tuple(fc.nat(2_880), fc.integer({ min: 1, max: 400 })), { maxLength: 20 })
  .map((pairs) =>
    merged(
      pairs.map(([from, length]) => ({
        fromMs: START_MS + from * MINUTE_MS,
        toMs: START_MS + Math.min(from + length, 2_880) * MINUTE_MS,
      })),
    ),
  );

function errandWith(away: readonly Span[], mains: readonly Span[], workMs: number): Errand {
  const endMs = START_MS + 2 * DAY_MS;
  const trace = traceOf({ device: 'd', startMs: START_MS, endMs, away, mains });
  return { trace, arrivalMs: START_MS, deadlineMs: endMs, workMs, stepMs: 0 };
}

/** The first opening in which it could wait and work to its end. */
function firstLongEnough(openings: readonly Span[], errand: Errand, waitMs: number) {
  return openings.find(({ fromMs, toMs }) => toMs - fromMs > waitMs + errand.workMs);
}

const workMs = fc.integer({ min: 1, max: 60 }).map((minutes) => minutes * MINUTE_MS);

describe('an opening that is long enough before the deadline', () => {
  test('is taken, whatever came before it', () => {
    fc.assert(
      fc.property(spans, spans, workMs, (away, mains, length) => {
        const errand = errandWith(away, mains, length);
        const opening = firstLongEnough(allowedIn(errand), errand, policy.waiting.lockedMs);
        const { finishedAtMs } = runErrand(errand, { decide, policy, reactionMs: 0 });
        if (opening === undefined) return;
        expect(finishedAtMs).toBeLessThanOrEqual(
          opening.fromMs + policy.waiting.lockedMs + errand.workMs,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('is taken in the hours that policy allows, and not outside of them', () => {
    const hours = fc
      .tuple(fc.nat(23), fc.integer({ min: 1, max: 23 }))
      .map(([from, length]) => ({ from: from * 60, to: ((from + length) % 24) * 60 }));
    fc.assert(
      fc.property(spans, hours, workMs, (away, { from, to }, length) => {
        const windows: Policy['windows'] = [{ days, fromMinute: from, toMinute: to }];
        const errand = errandWith(away, away, length);
        const open = [-1, 0, 1, 2].map((day): Span => {
          const fromMs = START_MS + day * DAY_MS + from * MINUTE_MS;
          const lasts = (to - from + 1_440) % 1_440;
          return { fromMs, toMs: fromMs + lasts * MINUTE_MS };
        });
        const openings = intersection(allowedIn(errand), open);
        const opening = firstLongEnough(openings, errand, policy.waiting.lockedMs);
        const ride = runErrand(errand, { decide, policy: { ...policy, windows }, reactionMs: 0 });
        const [first] = ride.ran;
        if (first !== undefined) {
          expect(
            open.some(({ fromMs, toMs }) => fromMs <= first.fromMs && first.fromMs < toMs),
          ).toBe(true);
        }
        if (opening !== undefined) expect(ride.finishedAtMs).toBeLessThanOrEqual(opening.toMs);
      }),
      { numRuns: 300 },
    );
  });
});

/** The same absences before a screen that goes dark and is not locked. */
function darkened({ device, startMs, endMs, away, quiet }: Trace): Trace {
  return traceOf({ device, startMs, endMs, away, locked: [], dark: away, mains: quiet });
}

test.each<[string, Trace[]]>([
  ['locked', syntheticTraces(11, 60, 5)],
  ['dark', syntheticTraces(12, 60, 5).map(darkened)],
])(
  'with what can be frozen, before a %s screen, it loses to no plain idle timer',
  (_what, traces) => {
    const errands = traces.map((trace): Errand => {
      const deadlineMs = trace.startMs + 3 * DAY_MS;
      return { trace, arrivalMs: trace.startMs, deadlineMs, workMs: 10 * MINUTE_MS, stepMs: 0 };
    });
    const mine = lull('Lull', policy);
    // What it costs that a run is frozen a reaction late, many times over.
    const slack = (100 * REACTION_MS) / HOUR_MS;
    for (const errand of errands) {
      const ours = scoreOf(errand, mine.run(errand));
      for (const idleS of idleTimersS) {
        const theirs = scoreOf(errand, idleTimer(idleS).run(errand));
        expect(ours.waitedH).toBeLessThanOrEqual(theirs.waitedH + slack);
        expect(ours.done || !theirs.done).toBe(true);
        expect(ours.notAllowedS).toBeLessThan(0.1);
      }
    }
  },
);

/**
 * With steps that cannot be frozen it waits until quiet is likely to last. On one trace a timer may be
 * luckier, and where the age of an absence says nothing of its end one is better (decision 52). Where it
 * does, no timer may get as much done, disturb less and cost less.
 */
describe('with steps that cannot be frozen', () => {
  const kinds: readonly (readonly [what: string, traces: () => Trace[]])[] = [
    [
      'absences that end sooner than they seem to',
      () =>
        generated(31, [
          [2, 0.9],
          [90, 0.1],
        ]),
    ],
    [
      'many short absences and few long ones',
      () =>
        generated(41, [
          [3, 0.7],
          [20, 0.2],
          [300, 0.1],
        ]),
    ],
  ];

  test.each(kinds)(
    '%s: no idle timer gets as much done and disturbs less for less',
    (_what, traces) => {
      const errands = traces().map((trace): Errand => {
        const deadlineMs = Math.min(trace.startMs + 3 * DAY_MS, trace.endMs);
        const work = { workMs: 10 * MINUTE_MS, stepMs: MINUTE_MS };
        return { trace, arrivalMs: trace.startMs, deadlineMs, ...work };
      });
      const mine = lull('Lull', policy);
      const ours = summary(
        'Lull',
        errands.map((errand) => scoreOf(errand, mine.run(errand))),
      );
      for (const idleS of idleTimersS) {
        const timer = idleTimer(idleS);
        const theirs = summary(
          timer.name,
          errands.map((errand) => scoreOf(errand, timer.run(errand))),
        );
        const beaten =
          theirs.doneShare >= ours.doneShare && theirs.notAllowedMeanS < ours.notAllowedMeanS;
        expect([timer.name, beaten && theirs.costMean < ours.costMean]).toEqual([
          timer.name,
          false,
        ]);
      }
    },
  );
});

/** Traces whose absences last so many minutes in the mean, with such a share of each. */
function generated(
  seed: number,
  mixture: readonly (readonly [minutes: number, share: number])[],
): Trace[] {
  return Array.from({ length: 80 }, (_, i) => {
    const chance = chanceFrom(seed * 1_000 + i);
    const endMs = START_MS + 4 * DAY_MS;
    const away: Span[] = [];
    let atMs = START_MS + Math.round(chance.waiting(2 * HOUR_MS));
    while (atMs < endMs) {
      let share = chance.share();
      const [minutes] = mixture.find(([, part]) => (share -= part) < 0) ?? [mixture[0]?.[0] ?? 1];
      const toMs = Math.min(endMs, atMs + 1_000 + Math.round(chance.waiting(minutes * MINUTE_MS)));
      away.push({ fromMs: atMs, toMs });
      atMs = toMs + 1_000 + Math.round(chance.waiting(3 * HOUR_MS));
    }
    return traceOf({ device: `d${String(i)}`, startMs: START_MS, endMs, away, mains: away });
  });
}
