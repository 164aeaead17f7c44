import { describe, expect, test } from '@jest/globals';
import { readingKey, type Reading, type Signal, type Value } from '../../conditions/reading.js';
import { changesSince, noteTold } from './change.js';

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

function told(...readings: Reading[]): Map<string, Reading> {
  return new Map(readings.map((each) => [readingKey(each.signal), each]));
}

describe('what is worth telling', () => {
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
    const latest = told(reading(signal, after));
    expect(changesSince(told(reading(signal, before)), latest)).toHaveLength(worth ? 1 : 0);
  });

  test('a slow drift is told once it has become a step', () => {
    const known = told(reading('cpu.busy', number(10)));
    const toldPercents: number[] = [];
    for (let percent = 10; percent <= 12.5; percent += 0.25) {
      const changes = changesSince(known, told(reading('cpu.busy', number(percent))));
      noteTold(known, changes);
      if (changes.length > 0) toldPercents.push(percent);
    }
    expect(toldPercents).toEqual([11, 12]);
  });
});

function unknownBecause(why: string): Value {
  return { kind: 'unknown', why };
}
