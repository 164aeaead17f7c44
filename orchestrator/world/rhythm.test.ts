import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chanceOfQuiet, HOURS_PER_WEEK, learn, noRhythm } from './rhythm.js';
import { seePresence, startHours, type PresenceHours, type SeenHour } from './presence-hours.js';
import type { Value } from '../../conditions/reading.js';

const active = { fromHour: 8, toHour: 17 };
const HOUR_MS = 3_600_000;
const MONDAY_3AM = (24 + 3) * 60;
const MONDAY_10AM = (24 + 10) * 60;
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };
const away: Value = { kind: 'presence', presence: { kind: 'away', sinceMs: 0 } };
const unknown: Value = { kind: 'unknown', why: 'test' };

describe('the chance of quiet', () => {
  test('before anything is learnt, nights are quieter than active hours', () => {
    const night = chanceOfQuiet(noRhythm, MONDAY_3AM, 600, active);
    expect(night).toBeGreaterThan(chanceOfQuiet(noRhythm, MONDAY_10AM, 600, active));
    expect(night).toBeGreaterThan(0.9);
  });

  test('ten quiet Mondays make Monday morning quiet', () => {
    let rhythm = noRhythm;
    for (let week = 0; week < 10; week += 1)
      rhythm = learn(rhythm, 34, { awayS: 3_600, returns: 0 });
    const before = chanceOfQuiet(noRhythm, MONDAY_10AM, 600, active);
    expect(chanceOfQuiet(rhythm, MONDAY_10AM, 600, active)).toBeGreaterThan(before);
  });

  test('a person who keeps coming back is expected to', () => {
    let rhythm = noRhythm;
    for (let week = 0; week < 4; week += 1)
      rhythm = learn(rhythm, 27, { awayS: 1_800, returns: 12 });
    expect(chanceOfQuiet(rhythm, MONDAY_3AM, 600, active)).toBeLessThan(0.2);
  });

  test('is a chance, falls with the time that is asked for, and ends', () => {
    const minute = fc.nat(HOURS_PER_WEEK * 60 - 1);
    fc.assert(
      fc.property(minute, fc.nat(1e6), fc.nat(1e6), (at, a, b) => {
        const [short, long] = [Math.min(a, b), Math.max(a, b)];
        const chance = chanceOfQuiet(noRhythm, at, short, active);
        expect(chance).toBeGreaterThanOrEqual(chanceOfQuiet(noRhythm, at, long, active));
        expect(chance).toBeLessThanOrEqual(1);
      }),
    );
    expect(chanceOfQuiet(noRhythm, 0, Number.MAX_SAFE_INTEGER, active)).toBe(0);
  });
});

describe('hours of absence', () => {
  function play(...seen: [atMs: number, presence: Value][]): {
    ended: SeenHour[];
    hours: PresenceHours;
  } {
    let hours = startHours(0);
    const ended: SeenHour[] = [];
    for (const [atMs, presence] of seen) {
      const next = seePresence(hours, presence, atMs);
      ({ hours } = next);
      ended.push(...next.ended);
    }
    return { ended, hours };
  }

  test('count what was away and how often it ended', () => {
    const { ended } = play([0, away], [600_000, engaged], [1_200_000, away], [HOUR_MS, away]);
    expect(ended).toEqual([{ startMs: 0, awayS: 3_000, returns: 1 }]);
  });

  test('an absence that crosses an hour belongs to both', () => {
    const { ended } = play([1_800_000, away], [HOUR_MS + 1_800_000, engaged], [2 * HOUR_MS, away]);
    expect(ended.map(({ awayS, returns }) => [awayS, returns])).toEqual([
      [1_800, 0],
      [1_800, 1],
    ]);
  });

  test('what was not known, and what was slept through, belongs to none', () => {
    expect(play([0, unknown], [HOUR_MS, engaged]).ended).toEqual([
      { startMs: 0, awayS: 0, returns: 0 },
    ]);
    expect(play([0, away], [9 * HOUR_MS, engaged]).ended).toEqual([]);
    const setBack = play([HOUR_MS, away], [0, engaged]);
    expect(setBack.ended.map(({ awayS, returns }) => awayS + returns)).toEqual([0]);
    expect(setBack.hours).toMatchObject({ awayMs: 0, returns: 0 });
  });
});
