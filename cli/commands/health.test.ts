// What a health check of a container or a unit is told.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOperator, type OperatorUnderTest } from '../../orchestrator/api/operator.testing.js';
import { claim } from '../../runtime/claim.fs.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { showHealth } from '../show/health.js';
import { askHealth } from './health.js';

let operator: OperatorUnderTest;
let runDir: string;
let opened: Closeable[];

beforeEach(async () => {
  operator = await openOperator();
  runDir = operator.rig.directory;
  opened = [];
});

afterEach(async () => {
  for (const each of opened) await each.close();
  await operator.close();
});

test('what runs and answers is healthy, and named with its process', async () => {
  for (const part of ['orchestrator', 'plugin-host']) {
    opened.push(await claim(runDir, part, '--run'));
  }
  const well = { pid: process.pid, healthy: true, why: '', notice: '' };
  expect(await askHealth(runDir, [])).toEqual([
    { part: 'orchestrator', ...well },
    { part: 'plugin-host', ...well },
  ]);
});

test('an orchestrator that answers, and cannot lead, is not healthy', async () => {
  opened.push(await claim(runDir, 'orchestrator', '--run'));
  operator.standing.problem = 'the journals were lost';
  expect(await askHealth(runDir, [])).toMatchObject([
    { part: 'orchestrator', healthy: false, why: 'the journals were lost' },
  ]);
});

test('a machine that no orchestrator hears is not healthy, and what to do is told', async () => {
  const claimed = await claim(runDir, 'plugin-host', '--run');
  opened.push(claimed);
  await claimed.tell('another machine goes by this name');
  const told = await askHealth(runDir, []);
  expect(told).toMatchObject([{ healthy: false, why: 'another machine goes by this name' }]);
  expect(showHealth(told)).toMatch(/^plugin-host .*: another machine goes by this name$/);
});

test('what somebody should look at is told of an orchestrator that leads, and makes it no less healthy', async () => {
  opened.push(await claim(runDir, 'orchestrator', '--run'));
  operator.standing.notice = 'nats-2 is behind';
  const told = await askHealth(runDir, []);
  expect(told).toMatchObject([{ healthy: true, notice: 'nats-2 is behind' }]);
  expect(showHealth(told)).toMatch(/: well, but see to this: nats-2 is behind$/);
});

test('a part that has to be there and is not', async () => {
  opened.push(await claim(runDir, 'orchestrator', '--run'));
  expect(await askHealth(runDir, ['sensor-service', 'orchestrator'])).toEqual([
    { part: 'sensor-service', pid: undefined, healthy: false, why: 'it does not run', notice: '' },
    expect.objectContaining({ part: 'orchestrator', healthy: true }),
  ]);
});

test('what was killed left its claim and its socket: that is no life', async () => {
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  writeFileSync(join(runDir, `.orchestrator.${String(dead.pid)}.1`), '');
  expect(await askHealth(runDir, ['orchestrator'])).toMatchObject([{ healthy: false }]);
  await expect(askHealth(runDir, [])).rejects.toThrow('no Lull runs in');
});

test('a process that lives and does not answer is not healthy, and the check ends', async () => {
  const deaf = mkdtempSync(join(tmpdir(), 'lull-deaf-'));
  const callers: Socket[] = [];
  const server = createServer((caller) => callers.push(caller));
  try {
    await listen(server, join(deaf, 'sensor.sock'));
    opened.push(await claim(deaf, 'sensor-service', '--run'));
    expect(await askHealth(deaf, [], 200)).toMatchObject([
      { part: 'sensor-service', healthy: false, why: expect.stringMatching(/^it does not answer/) },
    ]);
  } finally {
    server.close();
    for (const each of callers) each.destroy();
    for (const each of opened.splice(0)) await each.close();
    rmSync(deaf, { recursive: true });
  }
});

test('without a Lull it says so', async () => {
  const empty = join(runDir, 'nothing');
  await expect(askHealth(empty, [])).rejects.toThrow('no Lull runs in');
  mkdirSync(empty);
  await expect(askHealth(empty, [])).rejects.toThrow('no Lull runs in');
});

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve) => server.listen(path, resolve));
}
