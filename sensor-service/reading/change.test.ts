import { describe, expect, test } from '@jest/globals';
import type { Reading, Signal, Value } from '../../conditions/reading.js';
import { isChange } from './change.js';

function reading(signal: Signal, value: Value): Reading {
  return {
    signal,
    instance: '',
    observedAtMs: 0,
    observedMonotonicNs: 0n,
    source: 'test',
    value,
  };
}

const number = (value: number): Value => ({ kind: 'number', number: value });

describe('what is worth telling', () => {
  test('is what was never told', () => {
    expect(isChange(undefined, reading('cpu.busy', number(0)))).toBe(true);
  });

  test.each<[string, Signal, Value, Value, boolean]>([
    ['half a percentage point', 'cpu.busy', number(10), number(10.5), false],
    ['a percentage point', 'cpu.busy', number(10), number(11), true],
    ['a little disk space', 'disk.free', number(1e12), number(1e12 - 1e9), false],
    ['a hundredth of the disk space', 'disk.free', number(1e9), number(0.99e9), true],
    ['the first byte of a full disk', 'disk.free', number(0), number(1), true],
    ['a core', 'cpu.cores', number(2), number(3), true],
    ['the plug', 'power.ac', { kind: 'flag', flag: true }, { kind: 'flag', flag: false }, true],
    ['a value that is lost', 'cpu.busy', number(10), { kind: 'unknown', why: 'x' }, true],
    ['the same reason again', 'cpu.busy', unknownBecause('x'), unknownBecause('x'), false],
    ['another reason', 'cpu.busy', unknownBecause('x'), unknownBecause('y'), true],
  ])('%s', (_what, signal, before, after, worth) => {
    expect(isChange(reading(signal, before), reading(signal, after))).toBe(worth);
  });

  test('a slow drift is told once it has become a step', () => {
    let known = reading('cpu.busy', number(10));
    const toldPercents: number[] = [];
    for (let percent = 10; percent <= 12.5; percent += 0.25) {
      const now = reading('cpu.busy', number(percent));
      if (!isChange(known, now)) continue;
      known = now;
      toldPercents.push(percent);
    }
    expect(toldPercents).toEqual([11, 12]);
  });
});

function unknownBecause(why: string): Value {
  return { kind: 'unknown', why };
}
