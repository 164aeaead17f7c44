import { describe, expect, test } from '@jest/globals';
import { localMinute, windowState, type Window } from './window.js';
import { atUtc, window } from './window.testing.js';

const BERLIN = 'Europe/Berlin';

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
    [
      'waits a whole week when its day has just gone by',
      window('02:00', '03:00', ['mon']),
      '2026-06-15T01:00',
      'closed until 2026-06-22T00:00',
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

  test('two that meet all day and all week are open for good', () => {
    const both = [window('00:00', '12:00'), window('12:00', '00:00')];
    expect(windowState(both, BERLIN, atUtc('2026-06-10T02:30'))).toEqual({
      kind: 'open',
      untilMs: Number.POSITIVE_INFINITY,
    });
  });

  test('a whole day is one, and a weekend of them', () => {
    const weekend = [window('00:00', '24:00', ['sat', 'sun'])];
    const during = windowState(weekend, BERLIN, atUtc('2026-06-13T12:00'));
    expect(during).toEqual({ kind: 'open', untilMs: atUtc('2026-06-14T22:00') });
    const before = windowState(weekend, BERLIN, atUtc('2026-06-11T12:00'));
    expect(before).toEqual({ kind: 'closed', untilMs: atUtc('2026-06-12T22:00') });
    // The clock goes back on the Sunday: the same weekend, an hour longer.
    const autumn = windowState(weekend, BERLIN, atUtc('2026-10-24T12:00'));
    expect(autumn).toEqual({ kind: 'open', untilMs: atUtc('2026-10-25T23:00') });
    const always = windowState([window('00:00', '24:00')], BERLIN, atUtc('2026-06-10T02:30'));
    expect(always).toEqual({ kind: 'open', untilMs: Number.POSITIVE_INFINITY });
  });

  test('none at all never opens', () => {
    expect(windowState([], 'UTC', 0)).toEqual({ kind: 'closed' });
  });
});

test('the minute of the week counts from Sunday midnight', () => {
  expect(localMinute('UTC', atUtc('2026-06-14T00:00'))).toBe(0);
  expect(localMinute('UTC', atUtc('2026-06-15T01:02'))).toBe(1_440 + 62);
  expect(localMinute('UTC', atUtc('1969-12-27T23:59'))).toBe(7 * 1_440 - 1);
  expect(localMinute('Pacific/Kiritimati', atUtc('2026-06-13T10:00'))).toBe(0);
});
