import { expect, test } from '@jest/globals';
import type { Signal } from '../../conditions/reading.js';
import { saidBy, whyNotReached } from './bus-words.js';
import { numberValue, shareValue, toReading, unknownValue } from './measurement.js';

test.each<[Signal, number, boolean]>([
  ['cpu.busy', 0, true],
  ['cpu.busy', 100, true],
  ['cpu.busy', 100.1, false],
  ['cpu.busy', -0.1, false],
  ['cpu.busy', NaN, false],
  ['cpu.busy', Infinity, false],
  ['disk.free', 1e13, true],
  ['disk.free', Infinity, false],
  ['disk.free', -1, false],
])('of %s, %p is possible: %p', (signal, number, possible) => {
  expect(numberValue(signal, number)).toEqual(
    possible
      ? { kind: 'number', number }
      : unknownValue(`${String(number)} is not a possible value`),
  );
});

test('a share of time is told in percent, once it has been measured', () => {
  expect(shareValue('cpu.busy', 0.25)).toEqual({ kind: 'number', number: 25 });
  expect(shareValue('cpu.busy', 0)).toEqual({ kind: 'number', number: 0 });
  expect(shareValue('cpu.busy', 1.01).kind).toBe('unknown');
  expect(shareValue('cpu.busy', undefined)).toMatchObject({
    why: 'it is measured over an interval that has only begun',
  });
});

test('a reading has the instant on both clocks', () => {
  const of = { signal: 'disk.free', instance: '/var', source: 'statfs' } as const;
  const value = unknownValue('x');
  expect(toReading({ ...of, value }, { wallMs: 7, monotonicMs: 1_234.567_891_2 })).toEqual({
    ...{ ...of, value, observedAtMs: 7, observedMonotonicNs: 1_234_567_891n },
  });
});

test.each<[unknown, string]>([
  [{ code: 'ENOENT' }, 'no bus listens there'],
  [{ code: 'ECONNREFUSED' }, 'no bus listens there'],
  [{ code: 'EACCES' }, 'not permitted to this user'],
  [{ code: 'ETIMEDOUT' }, 'it does not answer'],
  [{ code: 'E\u001b[2J' }, 'E\ufffd[2J'],
  [new Error('no\u001b[2J'), 'no\ufffd[2J'],
  [undefined, 'it ended the connection'],
])('a bus that fails with %j is told so', (error, why) => {
  expect(whyNotReached(error)).toBe(why);
});

test('what a stranger says is a sentence at most', () => {
  expect(saidBy(new Error('x'.repeat(10_000))).length).toBeLessThanOrEqual(200);
});
