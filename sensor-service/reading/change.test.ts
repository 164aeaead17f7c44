import { describe, expect, test } from '@jest/globals';
import type { Reading, Signal, Value } from '../../conditions/reading.js';
import { isChange, isUrgent } from './change.js';

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
const held = (value: number, as: number): Value => ({ kind: 'number', number: value, held: as });

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
    ['no core more', 'cpu.cores', number(2), number(2), false],
    ['a little less load', 'cpu.busy', number(10), number(9.5), false],
    ['less load', 'cpu.busy', number(10), number(8), true],
    ['a little traffic', 'network.others', number(1_000), number(1_009), false],
    ['a hundredth of it', 'network.others', number(1_000), number(1_010), true],
    ['another login', 'login.at', number(1_000), number(1_001), true],
    ['load that is held at what it was', 'cpu.busy', held(10, 10), held(8, 10), true],
    ['load that counts as what it is again', 'cpu.busy', held(10, 50), held(10, 10), true],
    ['no byte of a full disk', 'disk.free', number(0), number(0), false],
    ['a value that is found', 'cpu.busy', unknownBecause('x'), number(10), true],
    ['the plug', 'power.ac', { kind: 'flag', flag: true }, { kind: 'flag', flag: false }, true],
    ['a value that is lost', 'cpu.busy', number(10), { kind: 'unknown', why: 'x' }, true],
    ['the same reason again', 'cpu.busy', unknownBecause('x'), unknownBecause('x'), false],
    ['another reason', 'cpu.busy', unknownBecause('x'), unknownBecause('y'), true],
  ])('%s', (_what, signal, before, after, worth) => {
    expect(isChange(reading(signal, before), reading(signal, after))).toBe(worth);
  });

  test.each<[string, Signal, Value, Value, boolean]>([
    ['load that begins', 'cpu.busy', number(10), number(20), true],
    ['load that grows a little', 'cpu.busy', number(10), number(19), false],
    ['load that ends', 'cpu.busy', number(90), number(0), false],
    ['a load that nobody measures any more', 'cpu.busy', number(90), unknownBecause('x'), true],
    ['a load that was not known', 'cpu.busy', unknownBecause('x'), number(0), true],
    ['disk space, however much', 'disk.free', number(0), number(9e12), false],
    ['what happens, whatever it is', 'boot.at', number(1), number(1), true],
  ])('%s waits for the next heartbeat or does not', (_what, signal, before, after, urgent) => {
    expect(isUrgent(reading(signal, before), reading(signal, after))).toBe(urgent);
  });

  test('what was never told does not wait', () => {
    expect(isUrgent(undefined, reading('cpu.busy', number(0)))).toBe(true);
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
