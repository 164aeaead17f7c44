import { describe, expect, test } from '@jest/globals';
import { onClockNow, withShift, type ClockShift } from './clock-shift.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const T = 1_900_000_000_000;

describe('an instant noted before the clock jumped', () => {
  test('a night asleep is no night away: five minutes are five minutes', () => {
    const shifts: ClockShift[] = [{ atMs: T, byMs: 8 * HOUR }];
    const nowMs = T + 8 * HOUR;
    expect(nowMs - onClockNow(T - 5 * MINUTE, shifts, nowMs)).toBe(5 * MINUTE);
  });

  test('what was noted after waking stays', () => {
    const shifts: ClockShift[] = [{ atMs: T, byMs: 8 * HOUR }];
    const noted = T + 8 * HOUR + MINUTE;
    expect(onClockNow(noted, shifts, noted + MINUTE)).toBe(noted);
  });

  test('a clock set a day back does not leave it in the future', () => {
    const shifts: ClockShift[] = [{ atMs: T, byMs: -DAY }];
    const nowMs = T - DAY + 2 * MINUTE;
    expect(nowMs - onClockNow(T - 5 * MINUTE, shifts, nowMs)).toBe(7 * MINUTE);
  });

  test('where it is not known on which side it lies, the absence is the shorter one', () => {
    const shifts: ClockShift[] = [{ atMs: T, byMs: -HOUR }];
    const nowMs = T - HOUR + 30 * MINUTE;
    const noted = T - 45 * MINUTE;
    expect(onClockNow(noted, shifts, nowMs)).toBe(noted);
  });

  test('whoever left before what the clock came to show has been away for as long', () => {
    const shifts: ClockShift[] = [{ atMs: T, byMs: -HOUR }];
    const nowMs = T - HOUR + 10 * MINUTE;
    expect(nowMs - onClockNow(T - 3 * HOUR, shifts, nowMs)).toBe(3 * HOUR + 10 * MINUTE);
  });

  test('two nights are both left out', () => {
    const shifts: ClockShift[] = [
      { atMs: T, byMs: 8 * HOUR },
      { atMs: T + 9 * HOUR, byMs: 8 * HOUR },
    ];
    const nowMs = T + 18 * HOUR;
    expect(nowMs - onClockNow(T - MINUTE, shifts, nowMs)).toBe(2 * HOUR + MINUTE);
  });

  test('it never lies ahead of now, and only so many shifts are kept', () => {
    expect(onClockNow(T + DAY, [], T)).toBe(T);
    let shifts: ClockShift[] = [];
    for (let n = 0; n < 100; n += 1) shifts = withShift(shifts, { atMs: T + n, byMs: 1 });
    expect(shifts).toHaveLength(32);
    expect(shifts.at(-1)?.atMs).toBe(T + 99);
  });
});
