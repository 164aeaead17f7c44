// Every reason, as a table that is read from the left, at any width.

import { describe, expect, test } from '@jest/globals';
import { AT_REST } from '../../conditions/reading.js';
import { Subject } from '../../proto/gen/lull/operator/v1/operator.js';
import { localTime, zoneOf } from './local-time.js';
import { showSubjects, showWanted } from './subjects.js';

const nowMs = new Date(2030, 5, 1, 12, 0, 0).getTime();
const zone = zoneOf(nowMs);
const MINUTE_MS = 60_000;
const page = { nowMs, columns: Infinity };
const at = (minutes: number): bigint => BigInt(nowMs + minutes * MINUTE_MS);

const waiting = Subject.fromPartial({
  updaterId: 'a.b',
  updateId: 'x',
  title: 'X',
  action: 'install',
  reasons: [
    {
      ...{ code: 'PERSON_JUST_LEFT', message: 'the person has been away for 2 min of 10 min' },
      ...{ measured: '120000', limit: '600000', unit: 'ms' },
      ...{ sinceUnixMs: at(-2), untilUnixMs: at(8) },
    },
    {
      ...{ code: 'CPU_BUSY', message: 'cpu.busy is 90 %, the limit is 20 %', about: 'cpu.busy' },
      ...{ measured: '90.4', limit: '20', unit: '%', sinceUnixMs: at(-1_440) },
    },
    { code: 'NO_SPACE', message: 'full', measured: '1000', limit: '2500000', unit: 'B' },
    { code: 'NETWORK_BUSY', message: 'busy', measured: '3000000', limit: '1000', unit: 'B/s' },
    { code: 'TOO_HOT', message: 'hot', measured: 'serious', limit: 'moderate' },
    { code: 'QUOTA', message: 'often', measured: '20', limit: '20', unit: 'count' },
    { code: 'AC_UNKNOWN', message: 'nobody tells', limit: 'mains' },
    { code: 'HOST_NOT_ATTACHED', message: 'no plugin-host is connected' },
  ],
});

test('where to read what an update changes is told of one that was asked about alone', () => {
  const noted = { ...waiting, reasons: [], releaseNotesUrl: 'https://example.com/notes' };
  const line = '  its notes: https://example.com/notes';
  expect(showSubjects([noted], page)).toBe(`install x (X): nothing stands in its way\n${line}`);
  expect(showSubjects([{ ...noted, reasons: waiting.reasons }], page)).toContain(`\n${line}`);
  expect(showSubjects([noted, { ...noted, updateId: 'y' }], page)).not.toContain('notes');
  expect(showSubjects([waiting], page)).not.toContain('notes');
});

test('each reason: value, limit, since when, until when, and its words below', () => {
  expect(showSubjects([waiting], page).split('\n')).toEqual([
    `  reason             is        limit     since        until (both ${zone})`,
    'install x (X) waits:',
    '  PERSON_JUST_LEFT   2 min     10 min    11:58:00     12:08:00',
    '    the person has been away for 2 min of 10 min',
    '  CPU_BUSY           90 %      20 %      05-31 12:00',
    '    cpu.busy is 90 %, the limit is 20 %',
    '  NO_SPACE           1.0 kB    2.5 MB',
    '    full',
    '  NETWORK_BUSY       3.0 MB/s  1.0 kB/s',
    '    busy',
    '  TOO_HOT            serious   moderate',
    '    hot',
    '  QUOTA              20        20',
    '    often',
    '  AC_UNKNOWN         unknown   mains',
    '    nobody tells',
    '  HOST_NOT_ATTACHED',
    '    no plugin-host is connected',
  ]);
});

test('what is not measured at rest is one reason, below those that keep it so', () => {
  const unmeasured = (code: string, about: string) => ({
    ...{ code, about, message: `${about} is not known (${AT_REST})`, sinceUnixMs: at(-1) },
  });
  const reasons = [
    unmeasured('LOAD_UNKNOWN', 'cpu.busy'),
    { code: 'HELD', message: 'held back: later', sinceUnixMs: at(-1) },
    unmeasured('LOAD_UNKNOWN', 'disk.busy'),
    unmeasured('SPACE_UNKNOWN', '/srv'),
  ];
  const held = Subject.fromPartial({ updaterId: 'a.b', action: 'scan', reasons });
  expect(showSubjects([held], page).split('\n')).toEqual([
    `  reason        is  limit  since     until (both ${zone})`,
    'scan a.b waits:',
    '  HELD                     11:59:00',
    '    held back: later',
    '  LOAD_UNKNOWN             11:59:00',
    `    LOAD_UNKNOWN, SPACE_UNKNOWN: ${AT_REST}: cpu.busy, disk.busy, /srv`,
  ]);
  const alone = Subject.fromPartial({ ...held, reasons: [unmeasured('LOAD_UNKNOWN', 'x')] });
  expect(showSubjects([alone], page)).toContain('x is not known');
});

test('a run that is under way is told from what waits', () => {
  const on = Subject.fromPartial({ updaterId: 'a.b', action: 'scan', runId: 'run-7' });
  expect(showSubjects([on], page)).toBe('scan a.b runs: run-7');
  const still = { ...on, reasons: waiting.reasons };
  expect(showSubjects([still], page)).toContain('\nscan a.b stands still, run-7:\n');
});

test('in a narrow terminal words go on below themselves, and nothing is cut off', () => {
  const long =
    'a reason that goes on and on, so that no terminal of eighty columns has it in a line';
  const outlook = { atUnixMs: at(8), reasons: [] };
  const subject = Subject.fromPartial({
    ...waiting,
    reasons: [{ code: 'HELD', message: `held back: ${long}` }],
    outlook,
  });
  const shown = showSubjects([subject], { nowMs, columns: 80 });
  expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(shown.replace(/\s+/g, ' ')).toContain(long);
});

test('a long list of windows does not widen every line, and is told below', () => {
  const windows = 'mon,tue,wed,thu,fri 20:00-06:00; sat,sun 00:00-23:59';
  const closed = { code: 'OUTSIDE_WINDOW', message: 'outside', measured: 'mon 12:00' };
  const untilMs = at(3 * 1_440);
  const long = { code: 'CONFINEMENT_UNKNOWN', message: 'm', sinceUnixMs: untilMs };
  const reasons = [{ ...closed, limit: windows, untilUnixMs: untilMs }, long];
  const subject = Subject.fromPartial({ ...waiting, reasons: [...waiting.reasons, ...reasons] });
  const shown = showSubjects([subject], { nowMs, columns: 78 });
  expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(78);
  expect(shown.replace(/\s+/g, ' ')).toContain(`outside; the limit is ${windows}`);
  // Which clock the instants are on is said although the head has no room for it.
  expect(showSubjects([subject], { nowMs, columns: 72 })).toMatch(
    /^ {2}since and until on the clock of \S+\n {2}reason .* until\n/,
  );
});

test('what is too long for the table is told below it, whichever side it is of', () => {
  const odd = { code: 'ODD', message: 'odd', measured: 'm'.repeat(13), limit: 'l'.repeat(12) };
  const subject = Subject.fromPartial({ ...waiting, reasons: [odd] });
  const [, , row, words] = showSubjects([subject], page).split('\n');
  expect(row).toMatch(/^ {2}ODD +l{12}$/);
  expect(words).toBe(`    odd; it is ${'m'.repeat(13)}`);
});

test('an update that two updaters have is told apart by whose it is', () => {
  const [mine, other] = ['a.b', 'c.d'].map((updaterId) =>
    Subject.fromPartial({ ...waiting, updaterId, title: 'x' }),
  );
  const scan = Subject.fromPartial({ updaterId: 'a.b', action: 'scan' });
  if (mine === undefined || other === undefined) throw new Error('there are two');
  const shown = showSubjects([mine, other, scan], page);
  expect(shown).toContain('\ninstall x of a.b waits for that alone\n');
  expect(shown).toContain('\ninstall x of c.d waits for that alone\n');
  expect(showSubjects([mine, scan], page)).toContain('\ninstall x waits:\n');
});

test('what stands in the way of all that wait is said once, above them', () => {
  const left = { code: 'PERSON_JUST_LEFT', message: 'left', sinceUnixMs: at(-2) };
  const held = { code: 'HELD', message: 'held back' };
  const of = (updateId: string, reasons: object[], more: object = {}) =>
    Subject.fromPartial({
      ...{ updaterId: 'a.b', updateId, title: updateId, action: 'install', reasons },
      ...more,
    });
  const outlook = { atUnixMs: at(8), reasons: [] };
  const subjects = [
    of('x', [held, left], { runId: 'run-7' }),
    of('y', [left], { outlook }),
    of('z', []),
  ];
  expect(showSubjects(subjects, page).split('\n')).toEqual([
    `  reason            is  limit  since     until (both ${zone})`,
    'all that wait do so for:',
    '  PERSON_JUST_LEFT             11:58:00',
    '    left',
    'install x stands still, run-7 for that, and for:',
    '  HELD',
    '    held back',
    'install y waits for that alone',
    expect.stringMatching(/^ {2}next chance: 12:08:00/),
    'install z: nothing stands in its way',
  ]);
  // Since another instant it is another reason; and one that waits alone has all below itself.
  const since = { ...left, sinceUnixMs: at(-3) };
  for (const others of [[of('y', [since])], []]) {
    expect(showSubjects([of('x', [left]), ...others], page)).not.toContain('all that wait');
  }
});

test('columns of several subjects stand below each other', () => {
  const scan = Subject.fromPartial({
    updaterId: 'a.b',
    action: 'scan',
    reasons: [{ code: 'SCAN_NOT_DUE', message: 'm', sinceUnixMs: at(0) }],
  });
  const lines = showSubjects([waiting, scan], page).split('\n');
  const columnOf = (word: string): number | undefined =>
    lines.find((line) => line.includes(word))?.search(/\d\d:\d\d:\d\d/);
  expect(columnOf('SCAN_NOT_DUE')).toBe(columnOf('PERSON_JUST_LEFT'));
});

test('what nothing stands in the way of says so', () => {
  expect(showSubjects([Subject.fromPartial({ updaterId: 'a.b', action: 'scan' })], page)).toBe(
    'scan a.b: nothing stands in its way',
  );
});

describe('the next chance', () => {
  const shown = (outlook: object): string =>
    showSubjects([Subject.fromPartial({ ...waiting, outlook })], page);

  test('is an instant, with what it assumes', () => {
    expect(shown({ atUnixMs: at(8), reasons: [] })).toMatch(
      /next chance: 12:08:00 \S+, if nobody uses .* and what runs before it succeeds$/,
    );
  });

  test('that is none names what has no end', () => {
    const reasons = [{ code: 'CPU_BUSY', message: '' }];
    expect(shown({ reasons })).toContain('next chance: not within 48 h (CPU_BUSY)');
  });

  test('that was not computed to the end is not said to be none', () => {
    expect(shown({ reasons: [], computedUntilUnixMs: at(60) })).toContain(
      `next chance: not until 13:00:00 ${zone}, and not computed further`,
    );
  });
});

test('an instant of another year is its day', () => {
  const far = nowMs + 400 * 1_440 * MINUTE_MS;
  const reasons = [{ code: 'HELD', message: '', untilUnixMs: BigInt(far) }];
  expect(showSubjects([Subject.fromPartial({ ...waiting, reasons })], page)).toContain(
    localTime(far).slice(0, 10),
  );
});

test('what is wanted now and cannot start is told to be remembered, and for how long', () => {
  expect(showWanted(waiting, page)).toMatch(/\nIt is wanted for an hour: .* starts by itself/);
  const free = Subject.fromPartial({ updaterId: 'a.b', action: 'scan' });
  expect(showWanted(free, page)).toBe('scan a.b: nothing stands in its way');
});
