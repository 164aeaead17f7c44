// T2: programs that run other code than they are: for variables that the plugin-host was started with, or for
// what lies where they look at their start.

import { expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launchEnvironment } from './launch-environment.js';
import { openFixture, whyNoSandbox } from './sandbox.testing.js';

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

/** Where Python, Perl, a shell and npm look at their start, or could. */
const LEAVES = `
  site="$(PYTHONNOUSERSITE= python3 -c 'import site; print(site.getusersitepackages())')"
  mkdir -p "$site"
  echo 'print("evil customization")' | tee "$site/usercustomize.py" "$site/grpc.py" > "$HOME/.pythonrc.py"
  echo 'import sys; print("evil path")' > "$site/evil.pth"
  echo 'print "evil\\n";' > "$HOME/.perlrc"
  echo 'echo evil' | tee "$HOME/.profile" "$HOME/.bashrc" > "$HOME/.shrc"
  [ -s "$site/evil.pth" ]`;

const STARTS = `
  python3 -c 'print("python")'
  python3 -c 'import grpc' 2> /dev/null | grep evil
  perl -e 'print "perl\\n"'
  bash -c 'echo bash'
  sh -c 'echo sh'`;

const python = spawnSync('python3', ['--version']).status === 0;
const whatWasLeft = python ? testHere : test.skip;
const skipped = python ? '' : ' (skipped here: needs python3)';

whatWasLeft(
  `what an earlier launch left in HOME is not run before the updater (T2)${skipped}`,
  async () => {
    const fixture = await openFixture();
    const env = launchEnvironment({ token: 't', hasEgress: false });
    const shell = { argv: ['sh', 'main.mjs'], runtime: 'host', env } as const;
    try {
      const before = await fixture.launch('before', LEAVES, shell);
      expect([await before.exited, before.outputTail()]).toEqual([
        { code: 0, signal: undefined },
        '',
      ]);
      await before.close();
      const after = await fixture.launch('after', STARTS, shell);
      await after.exited;
      expect(after.outputTail()).toBe('python\nperl\nbash\nsh\n');
      await after.close();
    } finally {
      await fixture.close();
    }
  },
);
