// Keeping awake, in a process of its own with a `systemd-inhibit` that writes down when it began and
// when it ended: the real one needs a logind, which a test must not disturb.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../runtime/until.testing.js';

let directory: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-a-'));
});

afterEach(() => {
  if (child?.exitCode === null) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

/** The last argument is what holds the inhibitor; it ends with its stdin. */
function installInhibitor(): void {
  const path = join(directory, 'systemd-inhibit');
  const log = join(directory, 'log');
  writeFileSync(path, `#!/bin/sh\necho "begin $*" >> ${log}\n/bin/cat\necho end >> ${log}\n`);
  chmodSync(path, 0o755);
}

function logged(): string[] {
  const path = join(directory, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

/** Runs `body` with `awake` and `clock` in a process whose PATH has our inhibitor alone. */
function run(body: string): ChildProcess {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { createKeepAwake } from ${at('./keep-awake.spawn.js')};
    import { VirtualClock } from ${at('../../runtime/virtual-clock.testing.js')};
    import { createLog } from ${at('../../runtime/log.js')};
    import { readFileSync } from 'node:fs';
    const clock = new VirtualClock();
    const awake = createKeepAwake({ clock, log: createLog('test', 'silent'), env: process.env });
    const until = async (holds) => { while (!holds()) await new Promise((r) => setTimeout(r, 2)); };
    const lines = () => { try { return readFileSync(${JSON.stringify(join(directory, 'log'))}, 'utf8').trim().split('\\n').length; } catch { return 0; } };
    const quiet = () => new Promise((r) => setTimeout(r, 100));
    ${body}
    process.stdout.write('done');`;
  child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return child;
}

async function finish(body: string): Promise<string> {
  const process = run(body);
  let out = '';
  process.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(process, 'close');
  return out;
}

const begin = expect.stringMatching(
  /^begin --what=sleep\S* --who=Lull .*--mode=block cat$/,
) as unknown;

test('where logind refuses, each run tries, and the log says once why (W2)', async () => {
  const path = join(directory, 'systemd-inhibit');
  const log = join(directory, 'log');
  const script = `#!/bin/sh\necho try >> ${log}\necho 'Failed to inhibit: Access denied' >&2\nexit 1\n`;
  writeFileSync(path, script, { mode: 0o755 });
  const out = await finish(`
    const said = [];
    const log = { info: ({ err, what }) => said.push(err + ' (' + what + ')') };
    const refused = createKeepAwake({ clock, log, env: process.env });
    refused.during(3_600_000);
    await until(() => said.length === 1);
    refused.during(3_600_000);
    await until(() => lines() === 2);
    await quiet();
    process.stdout.write(said.join());`);
  expect(out).toBe('Failed to inhibit: Access denied (sleep:idle)done');
});

describe('with logind', () => {
  beforeEach(installInhibitor);

  test('on mains it is kept awake, once for all runs, until the last one ends', async () => {
    await finish(`
      const [a, b] = [awake.during(3_600_000), awake.during(3_600_000)];
      await until(() => lines() === 1);
      a(); a();
      await quiet();
      if (lines() !== 1) throw new Error('let go too soon');
      b();
      await until(() => lines() === 2);
    `);
    expect(logged()).toEqual([begin, 'end']);
  });

  test('for an hour at the most over runs that follow each other, until a rest (W1)', async () => {
    await finish(`
      const first = awake.during(3_600_000);
      await until(() => lines() === 1);
      clock.advance(2_400_000);
      first();
      await until(() => lines() === 2);
      clock.advance(600_000);
      const second = awake.during(3_600_000);
      await until(() => lines() === 3);
      clock.advance(1_199_999);
      await quiet();
      if (lines() !== 3) throw new Error('let go too soon');
      clock.advance(1);
      await until(() => lines() === 4);
      second();
      const third = awake.during(3_600_000);
      await quiet();
      if (lines() !== 4) throw new Error('kept awake for more than an hour');
      third();
      clock.advance(3_600_000);
      awake.during(3_600_000)();
      await until(() => lines() === 6);
    `);
    expect(logged()).toEqual([begin, 'end', begin, 'end', begin, 'end']);
  });

  test('for an hour at the most in one go (W1)', async () => {
    await finish(`
      awake.during(3_600_000);
      await until(() => lines() === 1);
      clock.advance(3_599_999);
      await quiet();
      if (lines() !== 1) throw new Error('let go too soon');
      clock.advance(1);
      await until(() => lines() === 2);
    `);
    expect(logged()).toEqual([begin, 'end']);
  });

  test('for as long as the grant of each run says, which may be not at all (W1)', async () => {
    await finish(`
      awake.during(0);
      awake.during(600_000);
      await until(() => lines() === 1);
      clock.advance(600_000);
      await until(() => lines() === 2);
      awake.during(600_000);
      await quiet();
      if (lines() !== 2) throw new Error('kept awake for longer than it may');
      awake.during(900_000);
      await until(() => lines() === 3);
      clock.advance(300_000);
      await until(() => lines() === 4);
    `);
    expect(logged()).toEqual([begin, 'end', begin, 'end']);
  });

  test('in a critical section a shutdown is delayed, on battery too, and not blocked (W3)', async () => {
    await finish(`
      const end = awake.duringSection();
      await until(() => lines() === 1);
      end();
      await until(() => lines() === 2);
    `);
    const delay = /^begin --what=shutdown --who=Lull .*--mode=delay cat$/;
    expect(logged()).toEqual([expect.stringMatching(delay), 'end']);
  });

  test('closing lets it sleep', async () => {
    await finish(
      'awake.during(3_600_000); await until(() => lines() === 1); awake.close(); awake.close(); await until(() => lines() === 2);',
    );
    expect(logged()).toEqual([begin, 'end']);
  });

  test('a Lull that is killed lets it sleep', async () => {
    const process = run(
      'awake.during(3_600_000); await new Promise((r) => setTimeout(r, 60_000));',
    );
    await until('the inhibitor', () => logged().length === 1);
    process.kill('SIGKILL');
    await until('its end', () => logged().length === 2);
    expect(logged()).toEqual([begin, 'end']);
  });
});

test('without logind nothing happens, as often as one asks (W2)', async () => {
  const out = await finish(`
    const end = awake.during(3_600_000);
    await quiet();
    const again = awake.during(3_600_000);
    await quiet();
    end(); again(); awake.close();
  `);
  expect(out).toBe('done');
});
