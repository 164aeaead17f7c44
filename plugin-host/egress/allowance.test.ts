import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readingKey, type Readings, type Signal, type Value } from '../../conditions/reading.js';
import { bytesPerSNow, isPaidFor, noDebt, noLimits, take, type Debt } from './allowance.js';

const NOW_MS = 1_700_000_000_000;

function readingsOf(values: Partial<Record<Signal, Value>>): Readings {
  return new Map(
    (Object.entries(values) as [Signal, Value][]).map(([signal, value]) => {
      const observed = { observedAtMs: NOW_MS, observedMonotonicNs: 0n, source: 'test' };
      return [readingKey(signal, ''), { signal, instance: '', value, ...observed }];
    }),
  );
}

const away: Value = { kind: 'presence', presence: { kind: 'away', sinceMs: NOW_MS - 1_000 } };
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };

describe('how fast', () => {
  const limits = { ...noLimits, bytesPerSMax: 1_000, engagedBytesPerSMax: 100 };
  test.each<[string, Readings, number]>([
    ['nobody is there', readingsOf({ presence: away }), 1_000],
    ['somebody is there', readingsOf({ presence: engaged }), 100],
    ['nobody can tell', readingsOf({}), 100],
  ])('when %s', (_when, readings, expected) => {
    expect(bytesPerSNow(limits, readings, NOW_MS)).toBe(expected);
  });

  test('the limit for a person who is there is never above the other', () => {
    const odd = { ...limits, engagedBytesPerSMax: 9_999 };
    expect(bytesPerSNow(odd, readingsOf({ presence: engaged }), NOW_MS)).toBe(1_000);
  });
});

describe('paid for', () => {
  test.each<[string, Partial<Record<Signal, Value>>, boolean]>([
    ['a metered network', { 'network.metered': { kind: 'word', word: 'yes' } }, true],
    ['one that seems so', { 'network.metered': { kind: 'word', word: 'guess-yes' } }, true],
    ["a phone's", { 'network.tethered': { kind: 'flag', flag: true } }, true],
    ['one that is not', { 'network.metered': { kind: 'word', word: 'no' } }, false],
    ['one of which nobody knows', {}, false],
  ])('%s', (_what, values, expected) => {
    expect(isPaidFor(readingsOf(values))).toBe(expected);
  });
});

describe('the rate', () => {
  test('without a limit nothing waits, and no debt is left for a limit that comes', () => {
    expect(take({ bytes: 1e9, atMs: 0 }, 1e9, Number.POSITIVE_INFINITY, 1)).toEqual({
      debt: noDebt,
      waitMs: 0,
    });
  });

  test('holds over any pieces and pauses, by whoever waits what is said', () => {
    const piece = fc.record({ bytes: fc.integer({ min: 0, max: 70_000 }), idleMs: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1_000, max: 1e8 }), (pieces, rate) => {
        let debt: Debt = noDebt;
        let nowMs = 0;
        let total = 0;
        for (const { bytes, idleMs } of pieces) {
          const taken = take(debt, bytes, rate, nowMs);
          debt = taken.debt;
          total += bytes;
          nowMs += taken.waitMs;
          // Never more than the time allows, and what may come at once.
          expect(total).toBeLessThanOrEqual((nowMs / 1_000) * rate + rate * 0.05 + 1);
          nowMs += idleMs;
        }
      }),
    );
  });
});
