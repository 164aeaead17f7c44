import { describe, expect, test } from '@jest/globals';
import type { Readings, Signal, Value } from '../../conditions/reading.js';
import { parseTrace } from '../../conditions/trace.js';
import { traceRows } from './trace-rows.js';

const START = Date.UTC(2030, 0, 7, 12);
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };
const away: Value = { kind: 'presence', presence: { kind: 'away', sinceMs: START } };

/** A recording of what was said, at seconds of the machine's own time; asleep for some in between. */
function recording() {
  let text = '';
  let sleptS = 0;
  const now = (atS: number) => ({
    wallMs: START + (atS + sleptS) * 1_000,
    monotonicMs: 5_000 + atS * 1_000,
  });
  const rows = traceRows(now(0), 0, (row) => {
    text += row;
  });
  return {
    see: (atS: number, told: Partial<Record<Signal, Value>>) => {
      const observedAtMs = now(atS).wallMs;
      const readings: Readings = new Map(
        Object.entries(told).map(([signal, value]) => [
          signal,
          {
            ...{ signal: signal as Signal, instance: '', value, source: 's' },
            ...{ observedAtMs, observedMonotonicNs: 0n },
          },
        ]),
      );
      rows.see(readings, now(atS));
    },
    sleep: (seconds: number) => {
      sleptS += seconds;
    },
    passed: (atS: number) => {
      rows.passed(now(atS));
    },
    end: (atS: number): string[] => {
      rows.end(now(atS));
      expect(parseTrace(text).kind).toBe('trace');
      return text.split('\n').slice(2, -1);
    },
  };
}

describe('rows of a trace', () => {
  test('what changes is written, what stays is not, and the last line says how long it was', () => {
    const { see, end } = recording();
    const ac = { kind: 'flag', flag: true } as const;
    see(0, { presence: engaged, 'power.ac': ac });
    see(5, { presence: engaged, 'power.ac': ac });
    see(9, { presence: away, 'power.ac': ac });
    expect(end(60)).toEqual([
      '0,presence,engaged',
      '0,power.ac,true',
      '9,presence,away 9',
      '60,presence,away 60',
    ]);
  });

  test('while the machine slept nobody was there and nobody was away', () => {
    const { see, sleep, passed, end } = recording();
    see(0, { presence: away });
    passed(10);
    sleep(3_600);
    passed(15);
    expect(end(20)).toEqual([
      '0,presence,away 0',
      '10,presence,',
      '3615,presence,away 3615',
      '3620,presence,away 3620',
    ]);
  });

  test('what is said right after waking up comes after the sleep', () => {
    const { see, sleep, end } = recording();
    see(0, { presence: away });
    sleep(3_600);
    see(1, { presence: engaged });
    expect(end(2)).toEqual([
      '0,presence,away 0',
      '0,presence,',
      '3601,presence,away 3601',
      '3601,presence,engaged',
      '3602,presence,engaged',
    ]);
  });

  test('a source that saw something earlier than the last line does not turn time back', () => {
    const { see, end } = recording();
    see(10, { presence: engaged });
    see(4, { 'power.ac': { kind: 'flag', flag: false } });
    expect(end(10)).toContain('10,power.ac,false');
  });

  test('it is full at the limit', () => {
    let count = 0;
    const rows = traceRows({ wallMs: START, monotonicMs: 0 }, 0, () => (count += 1), 5);
    const reading = (number: number): Readings =>
      new Map([
        [
          'cpu.busy',
          {
            ...{ signal: 'cpu.busy', instance: '', source: 's', observedAtMs: START },
            ...{ observedMonotonicNs: 0n, value: { kind: 'number', number } },
          },
        ],
      ]);
    for (let i = 0; i < 9; i += 1) {
      rows.see(reading(i), { wallMs: START, monotonicMs: 0 });
    }
    expect(rows.isFull()).toBe(true);
    expect([rows.count(), count]).toEqual([5, 6]);
  });
});
