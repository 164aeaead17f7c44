// A forecast as a person reads it.

import { expect, test } from '@jest/globals';
import { ForecastResponse } from '../../proto/gen/lull/operator/v1/operator.js';
import { zoneOf } from './local-time.js';
import { folded } from './folded.js';
import { showForecast } from './forecast.js';

const nowMs = new Date(2030, 5, 1, 22, 0, 0).getTime();
const zone = zoneOf(nowMs);
const MINUTE_MS = 60_000;
const page = { nowMs, columns: 100 };
const at = (minutes: number): bigint => BigInt(nowMs + minutes * MINUTE_MS);
const subject = (updateId: string, action: string, reasons: { code: string }[] = []) => ({
  ...{ updaterId: 'a.b', updateId, action, reasons },
});
const course = ForecastResponse.fromPartial({
  chances: [
    { subject: subject('x', 'download'), atUnixMs: at(4), doneAtUnixMs: at(5) },
    { subject: subject('x', 'install'), atUnixMs: at(10), doneAtUnixMs: at(400) },
    { subject: subject('', 'scan'), atUnixMs: at(600) },
    { subject: subject('y', 'install', [{ code: 'HELD' }]) },
  ],
});

test('is each run with its beginning and its end, and what does not run', () => {
  expect(showForecast(course, page).split('\n')).toEqual([
    ...folded(
      `What runs, on the clock of ${zone}, if nobody uses the machine from now on, everything else stays as it is, and each run succeeds in its expected time:`,
      100,
    ),
    '  22:04:00     to 22:05:00     download  x',
    '  22:10:00     to 06-02 04:40  install   x',
    '  06-02 08:00                  scan      a.b',
    'not in this time:',
    '  install  y  HELD',
  ]);
});

test('at an instant is what is done, runs and waits then, and what comes after', () => {
  const waiting = [
    { ...subject('y', 'install'), title: 'y', reasons: [{ code: 'HELD', message: 'no' }] },
  ];
  const all = ForecastResponse.fromPartial({ ...course, waiting });
  const lines = showForecast(all, page, nowMs + 300 * MINUTE_MS).split('\n');
  expect(lines[0]).toMatch(/^At 2030-06-02 03:00:00 \S+, if nobody uses the machine from now on/);
  expect(lines.slice(2)).toEqual([
    'done by then:',
    '  22:04:00  to 22:05:00  download  x',
    'runs then:',
    '  22:10:00  to 06-02 04:40  install  x',
    'waits then:',
    `    reason  is  limit  since  until (both ${zone})`,
    '  install y waits:',
    '    HELD',
    '      no',
    'after that:',
    '  06-02 08:00    scan  a.b',
    'not in this time:',
    '  install  y  HELD',
  ]);
});

test('what is done at the instant itself is done, and what begins then runs', () => {
  const partsAt = (minutes: number): string[] =>
    showForecast(course, page, nowMs + minutes * MINUTE_MS)
      .split('\n')
      .slice(2);
  expect(partsAt(5).slice(0, 4)).toEqual([
    'done by then:',
    '  22:04:00  to 22:05:00  download  x',
    'after that:',
    expect.stringContaining('22:10:00'),
  ]);
  expect(partsAt(10).slice(2, 4)).toEqual(['runs then:', '  22:10:00  to 06-02 04:40  install  x']);
  expect(partsAt(600)).toEqual(
    expect.arrayContaining(['runs then:', '  06-02 08:00    scan  a.b']),
  );
});

test('that was not computed to its end says so, and not that nothing comes', () => {
  const cut = ForecastResponse.fromPartial({ ...course, computedUntilUnixMs: at(700) });
  const shown = showForecast(cut, page);
  expect(shown).toContain('not until 06-02 09:40, and not computed further:\n  install  y');
  expect(shown).not.toContain('not in this time');
  const unknown = 'what waits then is not computed';
  expect(showForecast(cut, page, nowMs + 800 * MINUTE_MS)).toContain(unknown);
  expect(showForecast(cut, page, nowMs + 700 * MINUTE_MS)).not.toContain(unknown);
});

test('in a narrow terminal many reasons go on below, and updates of one id are told apart', () => {
  const reasons = ['LOAD_UNKNOWN', 'POWER_SAVER', 'TOO_HOT', 'ON_BATTERY', 'METERED', 'OFFLINE'];
  const waits = { ...subject('x', 'install'), reasons: reasons.map((code) => ({ code })) };
  const all = ForecastResponse.fromPartial({
    chances: [{ subject: waits }, { subject: { ...waits, updaterId: 'c.d' } }],
  });
  const shown = showForecast(all, { nowMs, columns: 80 });
  expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(shown).toMatch(/install {2}x of a\.b {2}LOAD_UNKNOWN.*\n(.*\n)? {2}install {2}x of c\.d/);
});

test('of nothing says so', () => {
  expect(showForecast(ForecastResponse.fromPartial({}), page)).toBe('nothing waits');
});

test('in which nothing runs says so', () => {
  const chances = course.chances.slice(3);
  expect(showForecast(ForecastResponse.fromPartial({ chances }), page)).toMatch(
    /time:\n {2}nothing\nnot in this time:/,
  );
});
