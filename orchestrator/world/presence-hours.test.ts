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

type Look = readonly [atS: number, presence: Value, wokeAtS?: number];

function seen(looks: readonly Look[]): SeenHour[] {
  let hours = startHours(START_MS);
  return looks.flatMap(([atS, presence, wokeAtS = -Infinity]) => {
    const at = (seconds: number): number => START_MS + seconds * 1_000;
    const next = seePresence(hours, presence, at(atS), at(wokeAtS));
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

test('time that the machine slept through is no absence, and waking it no return', () => {
  const away60: Look[] = [
    [0, away(0)],
    [60, away(0)],
  ];
  const sixty = [
    [0, 15, 0],
    [15, 15, 0],
    [30, 30, 0],
  ];
  const woken = [2_000, engaged, 1_999] as const;
  expect(agesOf(...away60, woken, [HOUR_S, engaged])).toEqual([[60, 0, sixty]]);
  // Through the end of an hour: neither is known from end to end.
  const later = [4_000, engaged, 3_999] as const;
  expect(agesOf(...away60, later, [2 * HOUR_S, engaged])).toEqual([[0, 0, []]]);
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
