import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CommandError } from '../failure.js';
import { showSimulated } from '../show/simulated.js';
import { simulate, type SimulateRequest } from './simulate.js';

const header = 'device,trace_start_s,trace_end_s,ready_start_s,ready_end_s';
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-s-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

function asked(changes: Partial<SimulateRequest>): SimulateRequest {
  return {
    traceFile: undefined,
    powerFile: undefined,
    policyFile: undefined,
    workMs: 600_000,
    stepMs: 0,
    deadlineMs: undefined,
    action: 'install',
    bytes: undefined,
    severity: undefined,
    everyMs: undefined,
    svgFile: undefined,
    device: undefined,
    ...changes,
  };
}

/** From six in the evening on, at a place that is not said. */
const head = 'lull-trace 1 2030-01-07T18:00\nat_s,signal,value\n';
const HOUR_S = 3_600;

const night = `${header}\nmine,0,86400,1000,30000\nbad,0,10,20,30\n`;

describe('lull simulate', () => {
  test('a recording, gzipped, with a device that contradicts itself', () => {
    const traceFile = fileOf('night.csv.gz', gzipSync(night));
    const svgFile = join(directory, 'night.svg');
    const simulated = simulate(asked({ traceFile, svgFile, device: 'mine' }));
    expect(simulated.deviceCount).toBe(1);
    expect(simulated.policies.map(({ name, doneShare }) => [name, doneShare])).toContainEqual([
      'Lull, its defaults',
      1,
    ]);
    expect(showSimulated(simulated, { columns: Infinity })).toContain(
      'line 3: device bad: a window lies outside',
    );
    expect(readFileSync(svgFile, 'utf8')).toContain('mine: one update, 10 min of work');
  });

  test('a policy file decides what Lull does', () => {
    const traceFile = fileOf('night.csv', night);
    const policyFile = fileOf('policy.yaml', 'waiting: { away_for_install: 2h, locked: 2h }\n');
    const [ours] = simulate(asked({ traceFile, policyFile })).policies.slice(-1);
    expect(ours).toMatchObject({ name: policyFile, doneShare: 1 });
    expect(ours?.timeToUpdateP50H).toBeGreaterThan(2);
  });

  test.each([
    ['confines more strongly than most machines', 'confinement: sealed'],
    ['has rings', 'rollout: { rings: [{ name: few, percent: 10, soak: 7d }] }'],
    ['allows no scope', 'scopes: []'],
    ['has groups', 'groups: [{ name: all, hosts: ["*"], at_once: 1 }]'],
    ['holds updaters back', 'holds: [{ updater: dev.lull.*, why: not yet }]'],
  ])('a policy that %s does on a recorded machine what its waits say', (_what, text) => {
    const traceFile = fileOf('night.csv', night);
    const policyFile = fileOf('fleet.yaml', `${text}\n`);
    const [ours] = simulate(asked({ traceFile, policyFile })).policies.slice(-1);
    expect(ours).toMatchObject({ name: policyFile, doneShare: 1 });
  });

  test('without a recording there are made-up people, the same each time', () => {
    const [once, again] = [simulate(asked({})), simulate(asked({}))];
    expect(once).toEqual(again);
    expect(once.source).toContain('seed');
  });

  test.each<[string, () => Partial<SimulateRequest>, string]>([
    ['no such file', () => ({ traceFile: '/nowhere/trace.csv' }), 'cannot be read'],
    ['another file', () => ({ traceFile: fileOf('a', 'hello\n') }), 'begins with "hello"'],
    ['nothing in it', () => ({ traceFile: fileOf('b', `${header}\n`) }), 'no trace is left'],
    ['only nonsense in it', () => ({ traceFile: fileOf('c', `${header}\nx,1\n`) }), 'line 2'],
    [
      'a screen without its power',
      () => ({ traceFile: fileOf('d', 'time,screen_status\n1,1\n') }),
      '--power',
    ],
    ['a policy with a typo', () => ({ policyFile: fileOf('e', 'waitng: 1\n') }), 'waitng'],
    [
      'more steps than an update has actions',
      () => ({ stepMs: 5_000, workMs: 5_001_000 }),
      'more than 1000 times --step',
    ],
    ['a step of a second', () => ({ stepMs: 1_000 }), '--step wants'],
    ['an update every second', () => ({ everyMs: 1_000 }), '--every wants'],
    [
      'a device that is not there',
      () => ({
        traceFile: fileOf('f.csv', night),
        svgFile: join(directory, 'f.svg'),
        device: 'x',
      }),
      'there is no device "x"; there are mine',
    ],
    [
      'a device that was left out',
      () => ({
        traceFile: fileOf('f.csv', night),
        svgFile: join(directory, 'f.svg'),
        device: 'bad',
      }),
      'device "bad" was left out: line 3: device bad: a window lies outside of its trace',
    ],
    [
      'nowhere to draw',
      () => ({ traceFile: fileOf('g.csv', night), svgFile: '/nowhere/f.svg' }),
      'cannot be written',
    ],
    [
      'a trace whose time runs backwards',
      () => ({ traceFile: fileOf('h', `${head}5,presence,engaged\n4,presence,away\n`) }),
      'h is not a trace: line 4: time runs backwards',
    ],
    [
      'a trace of a thousand years',
      () => ({ traceFile: fileOf('i', `${head}0,presence,away\n9999999999,power.ac,true\n`) }),
      'line 4: the trace is longer than 400 days',
    ],
    [
      'a trace without a person',
      () => ({ traceFile: fileOf('j', `${head}0,power.ac,true\n9,power.ac,false\n`) }),
      'nothing of presence',
    ],
    ['a trace without a row', () => ({ traceFile: fileOf('k', head) }), 'no trace is left'],
    [
      'another version of it',
      () => ({ traceFile: fileOf('l', 'lull-trace 2\nat_s,signal,value\n') }),
      'l begins with "lull-trace 2"',
    ],
  ])('%s is said in one line', (_what, changes, said) => {
    expect(() => simulate(asked(changes()))).toThrow(CommandError);
    expect(() => simulate(asked(changes()))).toThrow(said);
  });
});

/** What a policy did with what Lull recorded: when it ran, in hours after the trace's start. */
function doneAfterHours(
  rows: readonly string[],
  policy: string,
  changes: Partial<SimulateRequest> = {},
) {
  const traceFile = fileOf('own.trace', `${head}${rows.join('\n')}\n`);
  const policyFile = fileOf('own.yaml', policy);
  const { policies } = simulate(asked({ traceFile, policyFile, ...changes }));
  const ours = policies.at(-1);
  return {
    hours: ours?.timeToUpdateP50H ?? NaN,
    done: ours?.doneShare,
    missCount: ours?.missCount,
  };
}

describe('with a trace that Lull recorded', () => {
  const away = ['0,presence,away', '0,power.ac,true'];
  const end = (days: number): string => `${String(days * 24 * HOUR_S)},power.ac,true`;
  const minutes = (hours: number): number => Math.round(hours * 60);

  test('what keeps the machine busy holds an update back until it is over', () => {
    const rows = [...away, '0,cpu.busy,80', '7200,cpu.busy,3', end(1)];
    expect(minutes(doneAfterHours(rows, '{}').hours)).toBe(130);
  });

  test('what it says is not known keeps an update waiting, what it never speaks of does not', () => {
    expect(minutes(doneAfterHours([...away, end(1)], '{}').hours)).toBe(20);
    expect(doneAfterHours([...away, '0,cpu.busy,', end(1)], '{}').done).toBe(0);
    expect(doneAfterHours(['0,presence,', '0,power.ac,true', end(1)], '{}').done).toBe(0);
  });

  test('a screen that is locked shortens the wait, and one that is not does not', () => {
    const policy = 'waiting: { away_for_install: 1h, locked: 5m }';
    const locked = ['0,presence,away 0 locked', '0,power.ac,true', end(1)];
    expect(minutes(doneAfterHours(locked, policy).hours)).toBe(15);
    expect(minutes(doneAfterHours([...away, end(1)], policy).hours)).toBe(70);
    const dark = ['0,presence,away 0 dark', '0,power.ac,true', end(1)];
    expect(minutes(doneAfterHours(dark, policy).hours)).toBe(11);
    expect(minutes(doneAfterHours(dark, 'waiting: { dark: 7m }').hours)).toBe(17);
  });

  test('a network that costs holds a download back, not an install', () => {
    const rows = [...away, '0,network.metered,yes', '7200,network.metered,no', end(1)];
    const bytes = 90_000_000;
    expect(minutes(doneAfterHours(rows, '{}', { action: 'download', bytes }).hours)).toBe(130);
    expect(minutes(doneAfterHours(rows, '{}').hours)).toBe(20);
  });

  test('windows are those of the clock on the wall, in the zone of the policy', () => {
    const policy = 'time_zone: Pacific/Auckland\nwindows: [{ from: "22:00", to: "23:00" }]';
    expect(minutes(doneAfterHours([...away, end(2)], policy).hours)).toBe(4 * 60 + 10);
  });

  test("the policy's deadlines and levels hold: gentle when due, on battery when overdue", () => {
    const policy = 'deadlines: { others: { after: 1d, grace: 12h } }';
    const there = ['0,presence,engaged', '0,power.ac,true', end(4)];
    expect(doneAfterHours(there, policy)).toMatchObject({ done: 1, missCount: 0 });
    expect(minutes(doneAfterHours(there, policy).hours)).toBe(24 * 60 + 10);
    const unplugged = ['0,presence,engaged', '0,power.ac,false', end(4)];
    expect(minutes(doneAfterHours(unplugged, policy).hours)).toBe(36 * 60 + 10);
    expect(doneAfterHours(unplugged, policy)).toMatchObject({ done: 1, missCount: 1 });
    const strict = `${policy}\nintrusion: { due: silent, overdue: silent }`;
    expect(doneAfterHours(there, strict)).toMatchObject({ done: 0, missCount: 1 });
  });

  test('severity and the deadline of a publisher count as they do in life', () => {
    const policy =
      'deadlines: { security: { after: 6h, grace: 2h }, others: { after: 2d, grace: 12h } }';
    const there = ['0,presence,engaged', '0,power.ac,true', end(4)];
    const hours = (changes: Partial<SimulateRequest>) =>
      Math.floor(doneAfterHours(there, policy, changes).hours);
    expect([
      hours({}),
      hours({ severity: 'important' }),
      hours({ deadlineMs: 86_400_000 }),
    ]).toEqual([48, 6, 24]);
    expect(hours({ deadlineMs: HOUR_S * 1_000 })).toBe(12);
  });

  test('what others look at and it does not tell of is named', () => {
    const traceFile = fileOf('few.trace', `${head}${[...away, end(1)].join('\n')}\n`);
    const simulated = simulate(asked({ traceFile }));
    expect(simulated.told).toEqual(['presence', 'power.ac']);
    expect(simulated.takenForGranted['unattended-upgrades']).toEqual(['network.metered']);
    const shown = showSimulated(simulated, { columns: 80 });
    expect(shown).toContain('unattended-upgrades (network.metered)');
    // But for the path, which has no place to break it.
    for (const line of shown.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
  });
});
