// What is recorded from sensors that run, and simulated with: the file is all that they share.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { until } from '../../runtime/until.testing.js';
import {
  Report,
  startSensorUnderTest,
} from '../../sensor-service/api/sensor-under-test.testing.js';
import { record } from './record.js';
import { simulate } from './simulate.js';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-record-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Waits for nothing: the trace of a moment is a moment long. */
const hasty = `
waiting: { away: 0s, away_for_install: 0s, locked: 0s, boot: 0s, set_up: 0s, resume: 0s, login: 0s }
load: { cpu.busy: off, disk.busy: off, pressure.cpu: off, pressure.io: off, pressure.memory: off, memory.used: off }
`;

/** Records a moment in which presence was reported. @returns the file. */
async function recorded(name: string, report: Report, word: string): Promise<string> {
  const sensor = await startSensorUnderTest(systemClock);
  const file = join(directory, name);
  const stop = new AbortController();
  try {
    await sensor.report(report);
    const rows = record(dirname(sensor.service.socketPath), file, stop.signal);
    await until(
      'it is written',
      () => existsSync(file) && readFileSync(file, 'utf8').includes(`presence,${word}`),
    );
    // A trace lasts from its first row to its last.
    await until('it lasts', () => Date.now() - statSync(file).birthtimeMs > 50);
    stop.abort();
    const { rowCount, ended } = await rows;
    expect(rowCount).toBeGreaterThan(1);
    expect(ended).toBe('stopped');
  } finally {
    stop.abort();
    await sensor.close();
  }
  return file;
}

function simulated(traceFile: string) {
  const policyFile = join(directory, 'hasty.yaml');
  writeFileSync(policyFile, hasty);
  return simulate({
    ...{ traceFile, policyFile, powerFile: undefined, svgFile: undefined, device: undefined },
    ...{ workMs: 1, stepMs: 0, everyMs: undefined, deadlineMs: undefined, severity: undefined },
    ...{ action: 'install', bytes: undefined },
  });
}

describe('lull record, and lull simulate with what it wrote', () => {
  test('a moment in which nobody was there: an update would have run', async () => {
    const file = await recorded('away.trace', Report.AWAY, 'away');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { told, policies, deviceCount } = simulated(file);
    expect(deviceCount).toBe(1);
    expect(told).toEqual(expect.arrayContaining(['presence', 'power.ac', 'cpu.cores']));
    expect(policies.at(-1)).toMatchObject({ doneShare: 1, notAllowedMeanS: 0 });
  });

  test('a moment in which a person was: it would have waited', async () => {
    const file = await recorded('engaged.trace', Report.ENGAGED, 'engaged');
    expect(simulated(file).policies.at(-1)).toMatchObject({ doneShare: 0, missCount: 1 });
  });

  test('a trace that takes no more ends by itself, and says so', async () => {
    const sensor = await startSensorUnderTest(systemClock);
    const file = join(directory, 'full.trace');
    const { signal } = new AbortController();
    const recorded = await record(dirname(sensor.service.socketPath), file, signal, { rowsMax: 5 });
    expect(recorded).toEqual({ rowCount: 5, ended: 'full' });
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2 + 5);
    await sensor.close();
  });

  test('it never writes over a file, and makes none where nobody answers', async () => {
    const sensor = await startSensorUnderTest(systemClock);
    const runDir = dirname(sensor.service.socketPath);
    const file = join(directory, 'mine');
    writeFileSync(file, 'mine');
    const signal = AbortSignal.abort();
    await expect(record(runDir, file, signal)).rejects.toThrow(
      'mine is there already, and stays as it is: name a new file',
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await sensor.close();
    const other = join(directory, 'other');
    await expect(record(runDir, other, signal)).rejects.toThrow('UNAVAILABLE');
    expect(() => statSync(other)).toThrow('ENOENT');
  });
});
