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
    deadlineMs: 86_400_000,
    everyMs: 0,
    svgFile: undefined,
    device: undefined,
    ...changes,
  };
}

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
    expect(showSimulated(simulated)).toContain('line 3: device bad: a window lies outside');
    expect(readFileSync(svgFile, 'utf8')).toContain('mine: one update, 10 min of work');
  });

  test('a policy file decides what Lull does', () => {
    const traceFile = fileOf('night.csv', night);
    const policyFile = fileOf('policy.yaml', 'waiting: { away_for_install: 2h, locked: 2h }\n');
    const [ours] = simulate(asked({ traceFile, policyFile })).policies.slice(-1);
    expect(ours).toMatchObject({ name: policyFile, doneShare: 1 });
    expect(ours?.timeToUpdateP50H).toBeGreaterThan(2);
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
    ['a step of a second', () => ({ stepMs: 1_000 }), '--step wants'],
    [
      'a device that is not there',
      () => ({ svgFile: join(directory, 'f.svg'), device: 'x' }),
      'no device "x"',
    ],
    ['nowhere to draw', () => ({ svgFile: '/nowhere/f.svg' }), 'cannot be written'],
  ])('%s is said in one line', (_what, changes, said) => {
    expect(() => simulate(asked(changes()))).toThrow(CommandError);
    expect(() => simulate(asked(changes()))).toThrow(said);
  });
});
