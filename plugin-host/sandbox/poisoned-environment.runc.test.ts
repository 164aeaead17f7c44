// T2: the plugin-host was started with variables that make programs run other code than they are.

import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whyNoSandbox } from './sandbox.testing.js';

const run = promisify(execFile);
const missing = await whyNoSandbox();
const testHere = missing === undefined ? test : test.skip;
const LAUNCH_MS_MAX = 60_000;

/** What was preloaded would have left its mark in the process, and on what it starts. */
const inside = `import { spawnSync } from 'node:child_process';
  const child = spawnSync('node', ['-p', 'globalThis.poisoned ?? "clean"'], { encoding: 'utf8' });
  process.stderr.write(JSON.stringify({ env: Object.keys(process.env).sort(),
    poisoned: globalThis.poisoned ?? 'clean', child: child.stdout.trim(), shell: spawnSync('sh', ['-c', 'echo $0'], { encoding: 'utf8' }) .stderr }));`;

const host = `import { openFixture } from ${JSON.stringify(new URL('./sandbox.testing.js', import.meta.url).href)};
  const fixture = await openFixture();
  try {
    const sandbox = await fixture.launch('poison', ${JSON.stringify(inside)});
    await sandbox.exited;
    process.stdout.write(JSON.stringify({ mine: globalThis.poisoned, inside: JSON.parse(sandbox.outputTail()) }));
  } finally {
    await fixture.close();
  }`;

testHere('reaches neither the updater nor what it starts (T2)', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lull-poison-'));
  try {
    const preload = join(dir, 'evil.cjs');
    writeFileSync(preload, 'globalThis.poisoned = "evil";');
    const env = {
      ...process.env,
      NODE_OPTIONS: `--require ${preload}`,
      // The linker says so on stderr where it comes to a program, and goes on.
      LD_PRELOAD: join(dir, 'evil.so'),
      LD_LIBRARY_PATH: dir,
      BASH_ENV: preload,
      ENV: preload,
      PYTHONSTARTUP: preload,
      NODE_PATH: dir,
      SECRET: 'of the host',
    };
    const args = ['--input-type=module', '-e', host];
    const { stdout, stderr } = await run(process.execPath, args, { timeout: LAUNCH_MS_MAX, env });
    // Without these the test would show nothing: both did reach the host.
    expect(stderr).toContain('evil.so');
    const { mine, inside: seen } = JSON.parse(stdout) as { mine: string; inside: unknown };
    expect(mine).toBe('evil');
    expect(seen).toEqual({
      env: ['HOME', 'LULL_WORK', 'PATH'],
      poisoned: 'clean',
      child: 'clean',
      shell: '',
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
