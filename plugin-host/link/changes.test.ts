// What is told of a machine, and how soon.

import { describe, expect, test } from '@jest/globals';
import type { Reading, Readings, Value } from '../../conditions/reading.js';
import { changesSince, lacksSome } from './changes.js';

const away: Value = { kind: 'presence', presence: { kind: 'away', sinceMs: 5 } };
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };
const busy = (number: number): Value => ({ kind: 'number', number });

function readings(values: Readonly<Partial<Record<Reading['signal'], Value>>>): Readings {
  return new Map(
    Object.entries(values).map(([signal, value]) => {
      const at = { observedAtMs: 1, observedMonotonicNs: 1n, source: 'test', instance: '' };
      return [signal, { ...at, signal: signal as Reading['signal'], value }];
    }),
  );
}

describe('what has changed', () => {
  test.each<[string, Readings, Readings, string[], boolean]>([
    ['nothing', readings({ presence: away }), readings({ presence: away }), [], false],
    [
      'a level waits a little',
      readings({ presence: away, 'cpu.busy': busy(5) }),
      readings({ presence: away, 'cpu.busy': busy(50) }),
      ['cpu.busy'],
      false,
    ],
    [
      'a person who came back waits for nothing, and takes the levels along',
      readings({ presence: away, 'cpu.busy': busy(5) }),
      readings({ presence: engaged, 'cpu.busy': busy(50) }),
      ['presence', 'cpu.busy'],
      true,
    ],
    [
      'a level that is not known any more',
      readings({ 'cpu.busy': busy(5) }),
      readings({ 'cpu.busy': { kind: 'unknown', why: 'gone' } }),
      ['cpu.busy'],
      true,
    ],
  ])('%s', (_what, before, now, told, isEdge) => {
    const changes = changesSince(before, now);
    expect(changes.readings.map(({ signal }) => signal)).toEqual(told);
    expect(changes.isEdge).toBe(isEdge);
  });

  test('a reading that is gone needs a snapshot', () => {
    expect(lacksSome(readings({ presence: away }), readings({}))).toBe(true);
    expect(lacksSome(readings({}), readings({ presence: away }))).toBe(false);
  });
});
