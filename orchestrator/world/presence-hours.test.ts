// From presence, as it changes, to hours of absence, its ages and returns.

import { expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { writtenAges } from './absence-ages.js';
import { seePresence, startHours, type SeenHour } from './presence-hours.js';

const START_MS = Date.UTC(2030, 0, 7, 12);
const HOUR_S = 3_600;
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };
const unknown: Value = { kind: 'unknown', why: 'test' };

function away(sinceS: number): Value {
  return { kind: 'presence', presence: { kind: 'away', sinceMs: START_MS + sinceS * 1_000 } };
}

type Look = readonly [atS: number, presence: Value];

function seen(looks: readonly Look[]): SeenHour[] {
  let hours = startHours(START_MS);
  return looks.flatMap(([atS, presence]) => {
    const next = seePresence(hours, presence, START_MS + atS * 1_000);
    hours = next.hours;
    return next.ended;
  });
}

function agesOf(...looks: readonly Look[]) {
  return seen(looks).map(({ awayS, returns, ages }) => [awayS, returns, writtenAges(ages)]);
}

test('an absence is told by its age, also before it was noticed', () => {
  // It counts as one after four minutes, and has lasted them by then.
  expect(agesOf([0, engaged], [240, away(0)], [400, engaged], [HOUR_S, engaged])).toEqual([
    [
      160,
      1,
      [
        [240, 60, 0],
        [300, 100, 1],
      ],
    ],
  ]);
});

test('one that goes on over an hour goes on in its age', () => {
  expect(agesOf([3_000, away(3_000)], [HOUR_S + 600, engaged], [2 * HOUR_S, engaged])).toEqual([
    [
      600,
      0,
      [0, 15, 30, 60, 90, 120, 180, 240, 300, 420].map((fromS, i, all) => [
        fromS,
        (all[i + 1] ?? 600) - fromS,
        0,
      ]),
    ],
    [
      600,
      1,
      [
        [600, 300, 0],
        [900, 300, 1],
      ],
    ],
  ]);
});

test('what nobody knew is no age of anything', () => {
  expect(agesOf([0, away(0)], [60, unknown], [120, engaged], [HOUR_S, engaged])).toEqual([
    [
      60,
      0,
      [
        [0, 15, 0],
        [15, 15, 0],
        [30, 30, 0],
      ],
    ],
  ]);
});

test('a clock that was set makes no absence older than it is', () => {
  const looks = [
    [0, away(0)],
    [-86_400, away(-86_400)],
    [-86_340, engaged],
    [-82_800, engaged],
  ] as const;
  expect(agesOf(...looks)).toEqual([
    [
      60,
      1,
      [
        [0, 15, 0],
        [15, 15, 0],
        [30, 30, 0],
        [60, 0, 1],
      ],
    ],
  ]);
});
