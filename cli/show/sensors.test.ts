import { expect, test } from '@jest/globals';
import { signals, type Reading, type Value } from '../../conditions/reading.js';
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

test.each<[Reading['signal'], Value, string]>([
  ['cpu.busy', { kind: 'number', number: 9.9 }, '9.9 %'],
  ['cpu.busy', { kind: 'number', number: 10.4 }, '10 %'],
  ['disk.free', { kind: 'number', number: 2_500_000 }, '2.5 MB'],
  ['network.others', { kind: 'number', number: 1_000 }, '1.0 kB/s'],
  ['cpu.cores', { kind: 'number', number: 8 }, '8'],
  ['login.at', { kind: 'number', number: NOW_MS - 180_000 }, '3 min ago'],
  ['login.at', { kind: 'number', number: NOW_MS + 5_000 }, '0 ms ago'],
  ['power.ac', { kind: 'flag', flag: true }, 'yes'],
  ['power.ac', { kind: 'flag', flag: false }, 'no'],
  ['network.metered', { kind: 'word', word: 'guess-yes' }, 'guess-yes'],
  ['presence', { kind: 'presence', presence: { kind: 'engaged' } }, 'engaged'],
  [
    'presence',
    { kind: 'presence', presence: { kind: 'away', sinceMs: NOW_MS + 5_000 } },
    'away 0 ms',
  ],
])('%s of %j is shown as %s', (signal, value, said) => {
  const lines = sensorLines([seen(signal, 'x', value)], NOW_MS);
  const told = lines.filter(({ source }) => source !== '');
  expect(showSensors(told, NOW_MS)).toBe(`${signal}  ${said}  2 s  x`);
  expect(told).toMatchObject([{ signal, source: 'x', ageMs: 2_000, unit: signals[signal].unit }]);
});

test('of a program nobody is told of before it is asked about', () => {
  const lines = sensorLines([], NOW_MS);
  expect(lines.find(({ signal }) => signal === 'app.running')).toEqual({
    ...{ signal: 'app.running', instance: '', unit: '', ageMs: 0, source: '' },
    why: 'no program is asked about; see --app',
  });
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
