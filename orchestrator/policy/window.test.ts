import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { days, isTimeZone, localMinute, windowState, type Day, type Window } from './window.js';

const BERLIN = 'Europe/Berlin';
const HOUR_MS = 3_600_000;

function window(from: string, to: string, on: readonly Day[] = days): Window {
  const minutes = (clock: string): number => {
    const [hours = '', rest = ''] = clock.split(':');
    return Number(hours) * 60 + Number(rest);
  };
  return { days: on, fromMinute: minutes(from), toMinute: minutes(to) };
}

const atUtc = (text: string): number => Date.parse(`${text}Z`);

describe('a window by the clock on the wall', () => {
  test.each<[string, Window, string, string]>([
    ['is open inside', window('22:00', '06:00'), '2026-06-10T21:00', 'open until 2026-06-11T04:00'],
    [
      'is open past midnight',
      window('22:00', '06:00'),
      '2026-06-11T03:59',
      'open until 2026-06-11T04:00',
    ],
    [
      'is closed from its end on',
      window('22:00', '06:00'),
      '2026-06-11T04:00',
      'closed until 2026-06-11T20:00',
    ],
    [
      'belongs to the day on which it opens',
      window('22:00', '06:00', ['fri']),
      '2026-06-13T03:00',
      'open until 2026-06-13T04:00',
    ],
    [
      'waits for its day',
      window('02:00', '03:00', ['mon']),
      '2026-06-10T12:00',
      'closed until 2026-06-15T00:00',
    ],
  ])('%s', (_what, given, at, expected) => {
    const state = windowState([given], BERLIN, atUtc(at));
    const until = new Date(state.untilMs ?? 0).toISOString().slice(0, 16);
    expect(`${state.kind} until ${until}`).toBe(expected);
  });

  test('several are one union', () => {
    const both = [window('01:00', '03:00'), window('02:00', '05:00')];
    expect(windowState(both, 'UTC', atUtc('2026-06-10T02:30'))).toEqual({
      kind: 'open',
      untilMs: atUtc('2026-06-10T05:00'),
    });
  });

  test('none at all never opens', () => {
    expect(windowState([], 'UTC', 0)).toEqual({ kind: 'closed' });
  });
});

describe('on the day the clock changes', () => {
  test('a window in the hour that is lost opens when the hour is over', () => {
    // In Berlin 02:00 becomes 03:00 on 29 March 2026, at 01:00 UTC.
    const lost = window('02:30', '03:30');
    expect(windowState([lost], BERLIN, atUtc('2026-03-29T00:00'))).toEqual({
      kind: 'closed',
      untilMs: atUtc('2026-03-29T01:00'),
    });
    expect(windowState([lost], BERLIN, atUtc('2026-03-29T01:00'))).toEqual({
      kind: 'open',
      untilMs: atUtc('2026-03-29T01:30'),
    });
  });

  test('a window around the hour that comes twice opens once', () => {
    // 03:00 becomes 02:00 on 25 October 2026, at 01:00 UTC.
    const twice = window('01:30', '03:30');
    const opens = atUtc('2026-10-24T23:30');
    const state = windowState([twice], BERLIN, opens);
    expect(state.kind).toBe('open');
    let openings = 0;
    let before = false;
    for (let atMs = opens - HOUR_MS; atMs < opens + 12 * HOUR_MS; atMs += 60_000) {
      const { kind } = windowState([twice], BERLIN, atMs);
      if (kind === 'open' && !before) openings += 1;
      before = kind === 'open';
    }
    expect(openings).toBe(1);
  });
});

test('what it says about the next change is true, in any zone and at any time', () => {
  const zones = fc.constantFrom(
    'UTC',
    BERLIN,
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
  );
  const clock = fc.integer({ min: 0, max: 1_439 });
  const some = fc
    .record({
      days: fc.uniqueArray(fc.constantFrom(...days), { minLength: 1, maxLength: 7 }),
      fromMinute: clock,
      toMinute: clock,
    })
    .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);
  const from = atUtc('2026-01-01T00:00');
  fc.assert(
    fc.property(
      fc.array(some, { minLength: 1, maxLength: 3 }),
      zones,
      fc.nat(500_000),
      (all, zone, minutes) => {
        const nowMs = from + minutes * 60_000;
        const state = windowState(all, zone, nowMs);
        const { untilMs } = state;
        if (untilMs === undefined || untilMs === Number.POSITIVE_INFINITY) return;
        expect(untilMs).toBeGreaterThan(nowMs);
        expect(windowState(all, zone, untilMs).kind).not.toBe(state.kind);
        expect(windowState(all, zone, untilMs - 60_000).kind).toBe(state.kind);
      },
    ),
    { numRuns: 300 },
  );
});

test('a time zone is one that the machine knows', () => {
  expect(['Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, false, false]);
});

test('the minute of the week counts from Sunday midnight', () => {
  expect(localMinute('UTC', atUtc('2026-06-14T00:00'))).toBe(0);
  expect(localMinute('UTC', atUtc('2026-06-15T01:02'))).toBe(1_440 + 62);
});
