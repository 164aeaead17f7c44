import { expect, test } from '@jest/globals';
import { absencesNow, goneForGood } from './withdrawn.js';

const MINUTE = 60_000;

test('an absence begins when it is first heard of, and ends when the updater is back', () => {
  const present = ['a', 'b', 'c'];
  const first = absencesNow(new Map(), present, new Set(['a', 'b']), 1_000);
  expect(first).toEqual(new Map([['c', 1_000]]));
  const second = absencesNow(first, present, new Set(['a']), 2_000);
  expect(second).toEqual(
    new Map([
      ['b', 2_000],
      ['c', 1_000],
    ]),
  );
  expect(absencesNow(second, present, new Set(['a', 'b', 'c']), 3_000)).toEqual(new Map());
  // Nothing of it is here any more.
  expect(absencesNow(second, ['a', 'b'], new Set(['a']), 3_000)).toEqual(new Map([['b', 2_000]]));
});

test('it is kept as long as it is said to be, and no clock that is set back shortens that', () => {
  const absences = new Map([
    ['early', 0],
    ['late', 5 * MINUTE],
  ]);
  expect(goneForGood(absences, 10 * MINUTE, 9 * MINUTE)).toEqual({ gone: [], nextMs: MINUTE });
  const { gone, nextMs } = goneForGood(absences, 10 * MINUTE, 10 * MINUTE);
  expect({ gone, nextMs }).toEqual({ gone: ['early'], nextMs: 5 * MINUTE });
  expect(goneForGood(absences, 10 * MINUTE, -MINUTE).gone).toEqual([]);
  expect(goneForGood(new Map(), 0, 0)).toEqual({ gone: [], nextMs: undefined });
});

test('where nothing is to be kept, a launch that lingers is waited for', () => {
  const absences = new Map([['a', 0]]);
  expect(goneForGood(absences, 0, 9_999).gone).toEqual([]);
  expect(goneForGood(absences, 0, 10_000).gone).toEqual(['a']);
});
