// Windows on the days on which the clock on the wall jumps: each opens once, in every zone and in both
// directions (W1, W2).

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { days, windowState, type Window } from './window.js';
import { atUtc, openingsBetween, window } from './window.testing.js';
import { wallTime } from './zone.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Zones, and an instant at which the clock of each jumps. */
const jumps = {
  'Europe/Berlin, an hour is lost': ['Europe/Berlin', '2026-03-29T01:00'],
  'Europe/Berlin, an hour comes twice': ['Europe/Berlin', '2026-10-25T01:00'],
  'America/New_York, an hour is lost': ['America/New_York', '2026-03-08T07:00'],
  'America/New_York, an hour comes twice': ['America/New_York', '2026-11-01T06:00'],
  'Australia/Lord_Howe, half an hour is lost': ['Australia/Lord_Howe', '2026-10-03T15:30'],
  'Australia/Lord_Howe, half an hour comes twice': ['Australia/Lord_Howe', '2026-04-04T15:00'],
  'Africa/Casablanca, an hour comes twice': ['Africa/Casablanca', '2026-02-15T02:00'],
  'Africa/Casablanca, an hour is lost': ['Africa/Casablanca', '2026-03-22T02:00'],
  'America/Santiago, midnight is lost': ['America/Santiago', '2026-09-06T04:00'],
  'America/Santiago, the hour before midnight twice': ['America/Santiago', '2026-04-05T03:00'],
  'Pacific/Apia, a whole day is lost': ['Pacific/Apia', '2011-12-30T10:00'],
} as const satisfies Record<string, readonly [zone: string, jumpsAt: string]>;

describe('the table is true', () => {
  test.each(Object.entries(jumps))('%s', (_what, [zone, at]) => {
    const atMs = atUtc(at);
    const [before, after] = [atMs - MINUTE_MS, atMs].map((each) => wallTime(zone, each) - each);
    expect(before).not.toBe(after);
  });
});

/** What a window does around a jump, in words of UTC. */
function openingsAround(
  [zone, at]: readonly [string, string],
  ...windows: readonly Window[]
): string[] {
  const text = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  return openingsBetween(windows, zone, atUtc(at) - 10 * HOUR_MS, atUtc(at) + 10 * HOUR_MS).map(
    ({ fromMs, toMs }) => `${text(fromMs)}-${text(toMs)}`,
  );
}

describe('on the day that loses an hour, a window', () => {
  const berlin = jumps['Europe/Berlin, an hour is lost'];
  test.each<[string, string, string, string]>([
    ['around it is an hour shorter', '01:30', '03:30', '00:30-01:30'],
    ['that begins in it opens when it is over', '02:30', '03:30', '01:00-01:30'],
    ['that ends in it closes when it begins', '01:30', '02:30', '00:30-01:00'],
    ['inside of it opens when it is over, for its whole length', '02:15', '02:45', '01:00-01:30'],
    ['before and after it is as ever', '03:00', '04:00', '01:00-02:00'],
  ])('%s', (_what, from, to, expected) => {
    expect(openingsAround(berlin, window(from, to))).toEqual([expected]);
  });

  test('one that was lost and one that begins right after it are one opening', () => {
    const both = [window('02:15', '02:45'), window('03:00', '04:00')];
    expect(openingsAround(berlin, ...both)).toEqual(['01:00-02:00']);
  });

  test('half an hour is lost: the same', () => {
    const lordHowe = jumps['Australia/Lord_Howe, half an hour is lost'];
    expect(openingsAround(lordHowe, window('02:05', '02:20'))).toEqual(['15:30-15:45']);
    expect(openingsAround(lordHowe, window('02:00', '03:00'))).toEqual(['15:30-16:00']);
  });

  test('a day that never was: its window opens when the day after begins', () => {
    const friday = window('02:00', '03:00', ['fri']);
    const apia = jumps['Pacific/Apia, a whole day is lost'];
    expect(openingsAround(apia, friday)).toEqual(['10:00-11:00']);
  });
});

describe('on the day that has an hour twice, a window', () => {
  const berlin = jumps['Europe/Berlin, an hour comes twice'];
  test.each<[string, string, string, string]>([
    ['around it is open through both', '01:30', '03:30', '23:30-02:30'],
    ['inside of it is open in the first', '02:15', '02:45', '00:15-00:45'],
    ['that ends in it closes in the first', '01:00', '02:30', '23:00-00:30'],
    ['that begins in it opens in the second', '02:30', '05:00', '01:30-04:00'],
    ['that is just this hour is open through both', '02:00', '03:00', '00:00-02:00'],
  ])('%s', (_what, from, to, expected) => {
    expect(openingsAround(berlin, window(from, to))).toEqual([expected]);
  });

  test('half an hour comes twice: the same', () => {
    const lordHowe = jumps['Australia/Lord_Howe, half an hour comes twice'];
    expect(openingsAround(lordHowe, window('01:35', '01:50'))).toEqual(['14:35-14:50']);
    expect(openingsAround(lordHowe, window('01:00', '03:00'))).toEqual(['14:00-16:30']);
  });
});

const clock = fc.integer({ min: 0, max: 1_439 });
const end = fc.integer({ min: 0, max: 1_440 });
const someWindow = fc
  .record({
    days: fc.uniqueArray(fc.constantFrom(...days), { minLength: 1, maxLength: 7 }),
    fromMinute: clock,
    toMinute: end,
  })
  .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);
const someJump = fc.constantFrom(...Object.values(jumps));
const quarters = fc.integer({ min: -3 * 96, max: 3 * 96 });

describe('whatever the window, zone and jump', () => {
  test('every day on which it opens it opens once, within a day of the jump too', () => {
    // Closed for longer than any clock jumps: what is jumped over would join two openings.
    const daily = fc
      .record({ fromMinute: clock, toMinute: end })
      .filter(({ fromMinute, toMinute }) => (fromMinute - toMinute + 1_440) % 1_440 > 60);
    fc.assert(
      fc.property(
        daily,
        someJump.filter(([zone]) => zone !== 'Pacific/Apia'),
        (times, [zone, at]) => {
          // From one noon to another on the wall: as many nights and days between them as openings.
          const firstMs = wallNoonBefore(zone, atUtc(at) - DAY_MS);
          const lastMs = wallNoonBefore(zone, atUtc(at) + 2 * DAY_MS);
          const wholeDays = Math.round((lastMs - firstMs) / DAY_MS);
          const openings = openingsBetween([{ ...times, days }], zone, firstMs, lastMs);
          expect(openings).toHaveLength(wholeDays);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('what it says about the next change is true, and nothing changes before', () => {
    fc.assert(
      fc.property(
        fc.array(someWindow, { minLength: 1, maxLength: 3 }),
        someJump,
        quarters,
        (windows, [zone, at], quarter) => {
          const nowMs = atUtc(at) + quarter * 15 * MINUTE_MS + 12_345;
          const state = windowState(windows, zone, nowMs);
          const untilMs = Math.min(state.untilMs ?? Infinity, nowMs + 3 * DAY_MS);
          if (state.untilMs === untilMs) {
            expect(untilMs).toBeGreaterThan(nowMs);
            expect(windowState(windows, zone, untilMs).kind).not.toBe(state.kind);
          }
          for (let atMs = nowMs; atMs < untilMs; atMs += 17 * MINUTE_MS) {
            expect(windowState(windows, zone, atMs)).toEqual(state);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('it is open only while the clock on the wall says so, or to make up for what it jumped over', () => {
    fc.assert(
      fc.property(someWindow, someJump, quarters, (given, [zone, at], quarter) => {
        const nowMs = atUtc(at) + quarter * 15 * MINUTE_MS;
        if (windowState([given], zone, nowMs).kind === 'closed') return;
        const sinceJumpMs = nowMs - atUtc(at);
        const jumpedMs = wallTime(zone, atUtc(at)) - wallTime(zone, atUtc(at) - MINUTE_MS);
        const makesUp = jumpedMs > MINUTE_MS && sinceJumpMs >= 0 && sinceJumpMs < DAY_MS;
        expect(makesUp || onTheWall(given, wallTime(zone, nowMs))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

/** The last noon by the clock on the wall of `zone` up to `atMs`. */
function wallNoonBefore(zone: string, atMs: number): number {
  let noonMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  while (wallTime(zone, noonMs) % DAY_MS !== DAY_MS / 2) noonMs -= MINUTE_MS;
  return noonMs;
}

/** By the words alone: what the clock shows lies in the window. */
function onTheWall(given: Window, wallMs: number): boolean {
  return [0, 1].some((daysAgo) => {
    const midnightMs = (Math.floor(wallMs / DAY_MS) - daysAgo) * DAY_MS;
    const weekday = days[new Date(midnightMs).getUTCDay()];
    const fromMs = midnightMs + given.fromMinute * MINUTE_MS;
    const wraps = given.toMinute < given.fromMinute ? DAY_MS : 0;
    const toMs = midnightMs + given.toMinute * MINUTE_MS + wraps;
    return (
      weekday !== undefined && given.days.includes(weekday) && fromMs <= wallMs && wallMs < toMs
    );
  });
}
