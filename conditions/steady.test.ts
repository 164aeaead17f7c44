// Load that sways about a limit closes a gate once, and load that has gone opens it.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readingKey, type PercentSignal, type Reading, type Value } from './reading.js';
import { judge } from './requirement.js';
import { steadied, type Held } from './steady.js';

const SECOND_NS = 1_000_000_000n;
/** Longer than anything is held. */
const UP_S = 86_400;

function readingOf(value: Value, atS: number, signal: PercentSignal = 'cpu.busy'): Reading {
  return {
    ...{ signal, instance: '', source: 'test', value },
    observedAtMs: atS * 1_000,
    observedMonotonicNs: BigInt(atS) * SECOND_NS,
  };
}

/** Whether a gate with this limit is open after each measurement, one every `everyS`. */
function gateOver(
  percents: readonly (number | undefined)[],
  limit = 20,
  everyS = 1,
  signal: PercentSignal = 'cpu.busy',
): string {
  let held: Held | undefined;
  return percents
    .map((percent, i) => {
      const value: Value =
        percent === undefined ? { kind: 'unknown', why: 'x' } : { kind: 'number', number: percent };
      const next = steadied(held, readingOf(value, UP_S + i * everyS, signal));
      held = next.held;
      const readings = new Map([[readingKey(signal), next.reading]]);
      const { kind } = judge({ kind: 'below', signal, percent: limit }, readings, 0);
      return { open: 'o', closed: 'c', unknown: 'u' }[kind];
    })
    .join('');
}

describe('a gate with a limit of 20 %', () => {
  test.each<[string, (number | undefined)[], string]>([
    ['closes at once', [5, 19.9, 20], 'ooc'],
    ['stays open just below it, where it never was above', [19, 18, 19.9], 'ooo'],
    ['stays closed while load sways about it', [21, 19, 21, 18, 17, 16.1, 20], 'ccccccc'],
    ['opens once load has clearly fallen', [21, 16.1, 15.9, 19, 19.9], 'ccooo'],
    ['opens at once for a load that ends', [100, 0], 'co'],
    ['does not open half way down', [100, 60, 30, 17, 15], 'cccco'],
    ['knows nothing, and begins anew after that', [21, undefined, 19], 'cuo'],
  ])('%s', (_what, percents, answers) => {
    expect(gateOver(percents)).toBe(answers);
  });

  test('lets go of what was, where load stays just below it', () => {
    expect(gateOver([21, 18, 18, 18, 18, 18, 18], 20, 60)).toBe('cccccoo');
  });

  test('lets go of what was, where load goes down slowly', () => {
    expect(gateOver([21, 18, 17, 16.8, 16.7, 16.6, 16.5], 20, 60)).toBe('cccccoo');
    const memory = [91, 89, 88, 87.5, 87, 86.8, 86.7];
    expect(gateOver(memory, 90, 60, 'memory.used')).toBe('cccccoo');
  });
});

test('every limit has its own, and memory a narrow one', () => {
  expect(gateOver([6, 4.1, 3.9], 5)).toBe('cco');
  expect(gateOver([91, 86, 85], 90, 1, 'memory.used')).toBe('cco');
});

test('what is held is never below what is measured, and gone once that has been higher', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (percents) => {
      let held: Held | undefined;
      percents.forEach((number, i) => {
        const next = steadied(held, readingOf({ kind: 'number', number }, i));
        held = next.held;
        const { value } = next.reading;
        if (value.kind !== 'number') throw new Error('a number stays one');
        expect(value.number).toBe(number);
        if (value.held === undefined) return;
        expect(value.held).toBeGreaterThan(number);
        expect(value.held).toBeLessThanOrEqual(Math.max(...percents.slice(0, i + 1)));
      });
    }),
  );
});

test('other signals pass as they are', () => {
  const reading = { ...readingOf({ kind: 'number', number: 5 }, 0), signal: 'disk.free' } as const;
  expect(steadied(undefined, reading)).toEqual({ reading, held: undefined });
});
