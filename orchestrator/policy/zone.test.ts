import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTimeZone, stretchesOf, wallTime } from './zone.js';

const DAY_MS = 86_400_000;
const atUtc = (text: string): number => Date.parse(`${text}Z`);

test('a time zone is one that the machine knows', () => {
  const asked = ['Europe/Berlin', 'UTC', 'Mars/Olympus', '', 'Europe/Berlin; rm -rf /'];
  expect(asked.map(isTimeZone)).toEqual([true, true, false, false, false]);
});

describe('the clock on the wall', () => {
  test.each([
    ['UTC', '2026-06-10T12:00'],
    ['Europe/Berlin', '2026-06-10T14:00'],
    ['America/New_York', '2026-06-10T08:00'],
    ['Asia/Kathmandu', '2026-06-10T17:45'],
    ['Australia/Lord_Howe', '2026-06-10T22:30'],
    ['Africa/Casablanca', '2026-06-10T13:00'],
    ['Pacific/Kiritimati', '2026-06-11T02:00'],
    ['Pacific/Marquesas', '2026-06-10T02:30'],
  ])('in %s', (zone, shown) => {
    expect(wallTime(zone, atUtc('2026-06-10T12:00'))).toBe(atUtc(shown));
  });

  test('showed seconds of its own before there were zones', () => {
    expect(wallTime('Africa/Monrovia', 0)).toBe(-44.5 * 60_000);
  });
});

describe('the stretches of a zone', () => {
  test('end where its clock jumps', () => {
    const [from, to] = [atUtc('2026-03-25T00:00'), atUtc('2026-04-05T00:00')];
    const jump = atUtc('2026-03-29T01:00');
    expect(stretchesOf('Europe/Berlin', from, to)).toEqual([
      { fromMs: from, toMs: jump, offsetMs: 3_600_000 },
      { fromMs: jump, toMs: to, offsetMs: 7_200_000 },
    ]);
  });

  test('cover every instant once, with what the clock shows then', () => {
    const zones = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Casablanca'];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.nat(20_000), fc.nat(40), (zone, day, length) => {
        const [from, to] = [day * DAY_MS, (day + length + 1) * DAY_MS];
        const stretches = stretchesOf(zone, from, to);
        expect([stretches[0]?.fromMs, stretches.at(-1)?.toMs]).toEqual([from, to]);
        stretches.forEach(({ fromMs, toMs, offsetMs }, i) => {
          expect(stretches[i + 1]?.fromMs ?? to).toBe(toMs);
          for (const atMs of [fromMs, (fromMs + toMs) / 2, toMs - 1]) {
            expect(wallTime(zone, atMs) - atMs).toBe(offsetMs);
          }
        });
      }),
    );
  });
});
