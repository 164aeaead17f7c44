// Telling logind to restart the machine, in a process of its own with a `busctl` that writes down what
// it was asked: the real one would restart the machine that tests.

import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const AT_MS = 1_900_000_000_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-r-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function installBusctl(answer: string): void {
  const path = join(directory, 'busctl');
  const log = join(directory, 'log');
  writeFileSync(path, `#!/bin/sh\nprintf '%s|' "$@" >> ${log}\necho >> ${log}\n${answer}\n`);
  chmodSync(path, 0o755);
}

/** Does `body` with `machine`, and tells what was asked of logind and what failed. */
async function asked(body: string): Promise<{ calls: string[]; failed: string[] }> {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { createMachineRestart } from ${at('./restart.spawn.js')};
    import { createLog } from ${at('../../runtime/log.js')};
    const failed = [];
    const onFailed = (message) => failed.push(message);
    const machine = createMachineRestart({ log: createLog('test', 'silent'), onFailed });
    ${body}
    process.on('beforeExit', () => { process.stdout.write(JSON.stringify(failed)); process.exit(0); });`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { PATH: directory },
  });
  const log = join(directory, 'log');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  const calls = lines.map((line) => line.split('|').slice(6, -1).join(' '));
  return { calls, failed: JSON.parse(stdout) as string[] };
}

test('an order warns, then schedules, in microseconds; taking it back comes after it', async () => {
  installBusctl('exit 0');
  const { calls, failed } = await asked(`machine.order(${String(AT_MS)}); machine.cancel();`);
  expect(calls).toEqual([
    expect.stringMatching(/^SetWallMessage sb Lull: .*shutdown -c.* true$/),
    `ScheduleShutdown st reboot ${String(AT_MS)}000`,
    'CancelScheduledShutdown',
  ]);
  expect(failed).toEqual([]);
});

test('without logind the orchestrator hears why, and the next order is tried again', async () => {
  installBusctl('echo "Call failed: no logind here" >&2; exit 1');
  const { calls, failed } = await asked(`machine.order(1); machine.order(2);`);
  expect(calls).toHaveLength(2);
  expect(failed).toEqual(['Call failed: no logind here', 'Call failed: no logind here']);
});

test('without busctl it says so', async () => {
  const { failed } = await asked(`machine.order(1);`);
  expect(failed).toEqual([expect.stringContaining('busctl')]);
});
