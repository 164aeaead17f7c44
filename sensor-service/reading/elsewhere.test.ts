// What other systems' commands print, from their manuals; and anything else.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hidIdleMs, quserIdleMs, whoIdleMs } from './idle-time.js';
import { macCharge, macInhibited, macMains, macSaving, macThermal } from './macos.js';
import { windowsInhibited } from './windows.js';

const MINUTE = 60_000;
const yes = { kind: 'flag', flag: true };
const no = { kind: 'flag', flag: false };

describe('idle time', () => {
  test.each<[string, (text: string) => number | undefined, string, number | undefined]>([
    ['ioreg', hidIdleMs, '    | |   "HIDIdleTime" = 5000000000\n', 5_000],
    ['ioreg, two counters', hidIdleMs, '"HIDIdleTime" = 9000000000\n"HIDIdleTime" = 1000000\n', 1],
    ['ioreg without any', hidIdleMs, '+-o Root  <class IORegistryEntry>\n', undefined],
    ['ioreg from the future', hidIdleMs, '"HIDIdleTime" = 18446744073709551615\n', undefined],
    ['who, just now', whoIdleMs, 'ada      ttys001  Nov 20 09:12   .    501\n', 0],
    ['who, a while ago', whoIdleMs, 'ada  ttys001  Nov 20 09:12 01:07  501 (host)\n', 67 * MINUTE],
    ['who, long ago', whoIdleMs, 'ada  console  Nov 18 09:12  old   128\n', 1_440 * MINUTE],
    [
      'who, two of them',
      whoIdleMs,
      'ada  console  Nov 18 09:12  old   128\nbob  ttys002  Nov 20 09:12 00:03  7\n',
      3 * MINUTE,
    ],
    ['who, nobody', whoIdleMs, '', Infinity],
    [
      'who, one understood and one not',
      whoIdleMs,
      `ada tty1 Nov 20 09:12 00:03 7\nbob\n`,
      undefined,
    ],
    ['who, in a form that is not known', whoIdleMs, 'ada  tty1  Nov 20 09:12  1h  7\n', undefined],
    ['who, in other words', whoIdleMs, 'ada ttys001 vor kurzem\n', undefined],
    [
      'quser, in use',
      quserIdleMs,
      ' USERNAME  SESSIONNAME  ID  STATE   IDLE TIME  LOGON TIME\r\n>ada  console  1  Active  none  11/20/2026 9:00 AM\r\n',
      0,
    ],
    [
      'quser, two who left, in German',
      quserIdleMs,
      ' BENUTZERNAME SITZUNGSNAME ID STATUS LEERLAUF ANMELDEZEIT\r\n ada  console  1  Aktiv  1:07  20.11.2026 09:00\r\n bob    2  Getr.  2+03:15  18.11.2026 09:00\r\n',
      67 * MINUTE,
    ],
    [
      'quser, minutes',
      quserIdleMs,
      'X\r\n ada  rdp-tcp#0  3  Active  12  11/20/2026\r\n',
      12 * MINUTE,
    ],
    [
      'quser, in days',
      quserIdleMs,
      'X\r\n ada  rdp-tcp#0  12  Active  2+03:15  11/20/2026\r\n',
      (2 * 1_440 + 195) * MINUTE,
    ],
    ['quser, a moment', quserIdleMs, 'X\r\n ada  rdp-tcp#0  3  Active  .  11/20/2026\r\n', 0],
    [
      'quser, longer than a machine lives',
      quserIdleMs,
      'X\r\n ada  rdp-tcp#0  3  Active  3651+00:00  11/20/2026\r\n',
      undefined,
    ],
    ['quser, garbage below its headings', quserIdleMs, 'X\r\nNo User exists for *\r\n', undefined],
    ['quser, nothing', quserIdleMs, '', undefined],
  ])('by %s', (_what, parse, text, idleMs) => {
    expect(parse(text)).toBe(idleMs);
  });
});

describe('macOS', () => {
  const onBattery =
    "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=4653155)\t71%; discharging; 4:05 remaining present: true\n";

  test('a laptop on its battery', () => {
    expect(macMains(onBattery)).toEqual(no);
    expect(macCharge(onBattery)).toEqual({ kind: 'number', number: 71 });
  });

  test('a desktop, which has none', () => {
    expect(macMains("Now drawing from 'AC Power'\n")).toEqual(yes);
    expect(macCharge("Now drawing from 'AC Power'\n")).toMatchObject({ why: 'no battery' });
    expect(macCharge('\t130%; charging')).toMatchObject({ kind: 'unknown' });
    expect(macMains("Now drawing from 'UPS Power'\n")).toEqual(no);
    expect(macMains('')).toMatchObject({ kind: 'unknown' });
  });

  test('low power mode, a film, and heat', () => {
    expect(macSaving('System-wide power settings:\n lowpowermode         1\n')).toEqual(yes);
    expect(macSaving('System-wide power settings:\n')).toMatchObject({ kind: 'unknown' });
    const assertions = (count: number): string =>
      `Assertion status system-wide:\n   BackgroundTask                 1\n   PreventUserIdleDisplaySleep    ${String(count)}\n`;
    expect(macInhibited(assertions(1))).toEqual(yes);
    expect(macInhibited(assertions(0))).toEqual(no);
    expect(macInhibited(`${assertions(0)}   NoDisplaySleepAssertion        12\n`)).toEqual(yes);
    expect(macInhibited('')).toMatchObject({ kind: 'unknown' });
    expect(macThermal('\tCPU_Speed_Limit \t= 70\n')).toEqual({ kind: 'word', word: 'serious' });
    expect(macThermal('\tCPU_Speed_Limit \t= 100\n')).toEqual({ kind: 'word', word: 'nominal' });
    expect(macThermal('Note: No thermal warning level has been recorded\n')).toEqual({
      ...{ kind: 'word', word: 'nominal' },
    });
    expect(macThermal('')).toMatchObject({ kind: 'unknown' });
  });
});

test('Windows: a film that keeps the display on, nobody who does, and no permission to ask', () => {
  const asked =
    'DISPLAY:\r\n[PROCESS] \\Device\\HarddiskVolume3\\film.exe\r\nPlaying\r\n\r\nSYSTEM:\r\nNone.\r\n';
  expect(windowsInhibited(asked)).toEqual(yes);
  expect(windowsInhibited('DISPLAY:\r\nKeine.\r\n\r\nSYSTEM:\r\n[DRIVER] x\r\n')).toEqual(no);
  expect(windowsInhibited('DISPLAY:\n[PROCESS] film.exe\n')).toEqual(yes);
  expect(windowsInhibited('\r\nDISPLAY:\r\n[PROCESS] film.exe\r\n')).toEqual(yes);
  expect(windowsInhibited('This command requires administrator privileges\r\n')).toMatchObject({
    kind: 'unknown',
  });
});

test('whatever is printed, nothing throws, and no time is negative', () => {
  const parts = fc.constantFrom(
    ...'\n\t .:+0123456789'.split(''),
    'none',
    'old',
    'DISPLAY:',
    '[',
    'ada',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 40 }), (some) => {
      const text = some.join('');
      for (const idleMsOf of [hidIdleMs, whoIdleMs, quserIdleMs]) {
        expect(idleMsOf(text) ?? 0).toBeGreaterThanOrEqual(0);
      }
      for (const parse of [macCharge, macInhibited, macMains, macSaving, macThermal]) parse(text);
      windowsInhibited(text);
    }),
  );
});
