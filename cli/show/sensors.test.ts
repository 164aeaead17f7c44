import { expect, test } from '@jest/globals';
import type { Reading, Value } from '../../conditions/reading.js';
import { sensorLines, showSensors } from './sensors.js';

const NOW_MS = Date.UTC(2030, 0, 1);
const seen = (signal: Reading['signal'], source: string, value: Value): Reading => ({
  ...{ signal, instance: '', source, value },
  ...{ observedAtMs: NOW_MS - 2_000, observedMonotonicNs: 0n },
});
const readings = [
  seen('presence', 'logind (seat)', {
    kind: 'presence',
    presence: { kind: 'away', sinceMs: NOW_MS - 60_000 },
  }),
  seen('cpu.busy', '/proc/stat', { kind: 'number', number: 4.25 }),
  seen('thermal', '/sys/class/thermal', {
    kind: 'unknown',
    why: 'no place with a temperature and a limit is visible here',
  }),
];
const shown = (columns?: number): string[] =>
  showSensors(
    sensorLines(readings, NOW_MS).filter(({ source }) => source !== ''),
    NOW_MS,
    columns,
  ).split('\n');

test('each signal is a line: value, age, and where it comes from or what it takes', () => {
  expect(shown()).toEqual([
    'presence  away 60 s  2 s  logind (seat)',
    'cpu.busy  4.3 %      2 s  /proc/stat',
    'thermal   unknown    2 s  no place with a temperature and a limit is visible here',
  ]);
});

test('in a narrow terminal a reason goes on below itself, and nothing is cut off', () => {
  const lines = shown(68);
  expect(lines.slice(2)).toEqual([
    'thermal   unknown    2 s  no place with a temperature and a limit is',
    '                          visible here',
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(68);
});

test('a signal that nobody reports is there, and says so', () => {
  const lines = showSensors(sensorLines(readings, NOW_MS), NOW_MS).split('\n');
  expect(lines).toContainEqual(expect.stringMatching(/^attention\.game +unknown +not reported$/));
});

test('what several lack is said once, and the others name the one that says it', () => {
  const why = 'the system bus cannot be reached; start dbus';
  const lacking = (['power.saver', 'network.metered'] as const).map((signal) =>
    seen(signal, 'dbus', { kind: 'unknown', why }),
  );
  const lines = showSensors(sensorLines([...readings, ...lacking], NOW_MS), NOW_MS).split('\n');
  expect(lines).toContainEqual(expect.stringMatching(/^power\.saver .* the system bus .* dbus$/));
  expect(lines).toContainEqual(expect.stringMatching(/^network\.metered .* see power\.saver$/));
});

test('a program with a terminal escape in its name writes none', () => {
  const odd: Reading = { ...seen('app.running', '/proc', { kind: 'flag', flag: true }) };
  const [line = ''] = showSensors(
    sensorLines([{ ...odd, instance: '/opt/\u001b[2Jx' }], NOW_MS).filter(
      ({ instance }) => instance,
    ),
    NOW_MS,
  ).split('\n');
  expect(line).toMatch(/^app\.running:\/opt\/.\[2Jx/);
  expect(line).not.toContain('\u001b');
});
