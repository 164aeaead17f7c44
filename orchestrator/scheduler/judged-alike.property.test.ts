// Not to decide again must never be another decision.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  percentSignals,
  readingKey,
  withReadings,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
import { NOW_MS, quietReadings, trustingPolicy } from '../world/history.testing.js';
import { decide } from './decide.js';
import { judgedAlike } from './judged-alike.js';
import type { Plan } from './plan.js';
import { anyPolicy } from './policies.testing.js';
import { anyHost, anyWorld } from './worlds.testing.js';

const levels = [...percentSignals, 'network.others'] as const satisfies readonly Signal[];

function told(readings: Readings, signal: Signal, value: Value): Readings {
  const before = readings.get(readingKey(signal)) ?? quietReadings().get(readingKey('presence'));
  if (before === undefined) throw new Error('a quiet machine tells of presence');
  return withReadings(readings, [{ ...before, signal, value, observedAtMs: NOW_MS }]);
}

function number(value: number): Value {
  return { kind: 'number', number: value };
}

/** What a plan does, and why, but not how much was measured. */
function gist(plan: Plan): unknown {
  const codes = (reasons: readonly { code: string; about?: string; untilMs?: number }[]) =>
    reasons.map(({ code, about, untilMs }) => [code, about, untilMs]);
  return {
    admit: plan.admit.map(({ runId, epoch, guard }) => [runId, epoch, guard]),
    waiting: plan.waiting.map(({ subject, reasons }) => [subject.key, codes(reasons)]),
    pause: plan.pause.map(({ run, reasons }) => [run.id, codes(reasons)]),
    paused: plan.paused.map(({ run, reasons }) => [run.id, codes(reasons)]),
    stop: plan.stop.map(({ run, reasons }) => [run.id, codes(reasons)]),
    resume: plan.resume,
    restart: plan.restart,
    lookAgainAtMs: plan.lookAgainAtMs,
  };
}

const level: fc.Arbitrary<Value> = fc.oneof(
  fc.integer({ min: 0, max: 100 }).map(number),
  fc.integer({ min: 0, max: 2_000_000 }).map(number),
  fc
    .tuple(fc.nat(100), fc.nat(100))
    .map(([measured, held]): Value => ({ kind: 'number', number: measured, held })),
  fc.constant<Value>({ kind: 'unknown', why: 'not measured' }),
);

describe('a level that changes', () => {
  test('and is judged alike leads to the same plan, whatever the world, the machine and the policy', () => {
    let alikeCount = 0;
    fc.assert(
      fc.property(
        ...[anyWorld, anyHost, anyPolicy, fc.constantFrom(...levels), level, level],
        (world, host, policy, signal, first, second) => {
          const before = told(host.readings, signal, first);
          const after = told(before, signal, second);
          if (!judgedAlike(before, after, policy)) return;
          alikeCount += 1;
          const planOf = (readings: Readings) =>
            gist(decide(world, { ...host, readings }, policy, NOW_MS));
          expect(planOf(after)).toEqual(planOf(before));
        },
      ),
      { numRuns: 1_000 },
    );
    expect(alikeCount).toBeGreaterThan(100);
  });

  test.each(levels)('over its limit is to be decided on: %s', (signal) => {
    const calm = told(quietReadings(), signal, number(1));
    expect(judgedAlike(calm, told(calm, signal, number(2)), trustingPolicy)).toBe(true);
    expect(judgedAlike(calm, told(calm, signal, number(3e9)), trustingPolicy)).toBe(false);
  });
});

describe('anything else that changes is to be decided on', () => {
  const quiet = quietReadings();
  const others: readonly [string, Readings][] = [
    ['a person', told(quiet, 'presence', { kind: 'presence', presence: { kind: 'engaged' } })],
    ['a plug', told(quiet, 'power.ac', { kind: 'flag', flag: false })],
    ['a disk', told(quiet, 'disk.free', number(1e9))],
    ['a signal that was not there', told(quiet, 'setup.at', number(1))],
    ['one that has gone', new Map([...quiet].slice(1))],
  ];
  test.each(others)('%s', (_what, after) => {
    expect(judgedAlike(quiet, after, trustingPolicy)).toBe(false);
  });
});
