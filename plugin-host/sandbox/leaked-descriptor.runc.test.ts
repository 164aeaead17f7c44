// T4: the plugin-host was itself started with a descriptor that nobody closed, as by a careless parent.

import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whyNoSandbox } from './sandbox.testing.js';

const run = promisify(execFile);
const missing = await whyNoSandbox();
const testHere = missing === undefined ? test : test.skip;
const LAUNCH_MS_MAX = 60_000;

/** Far above those that Node.js looks at when it starts. */
const LEAKED = 77;

const inside = `import fs from 'node:fs';
  const open = fs.readdirSync('/proc/self/fd').map((fd) => {
    try { return fd + ' ' + fs.readlinkSync('/proc/self/fd/' + fd); } catch { return fd + ' gone'; } });
  process.stderr.write(JSON.stringify(open));`;

const host = `import fs from 'node:fs';
  import { openFixture } from ${JSON.stringify(new URL('./sandbox.testing.js', import.meta.url).href)};
  const fixture = await openFixture();
  try {
    const sandbox = await fixture.launch('leak', ${JSON.stringify(inside)});
    await sandbox.exited;
    const mine = fs.readlinkSync('/proc/self/fd/${String(LEAKED)}');
    process.stdout.write(JSON.stringify({ mine, inside: JSON.parse(sandbox.outputTail()) }));
  } finally {
    await fixture.close();
  }`;

testHere('is not open inside (T4)', async () => {
  const leak = `exec ${String(LEAKED)}</etc/shadow; exec "$0" --input-type=module -e "$1"`;
  const options = { timeout: LAUNCH_MS_MAX };
  const { stdout } = await run('bash', ['-c', leak, process.execPath, host], options);
  const seen = JSON.parse(stdout) as { mine: string; inside: string[] };
  // Without this the test would show nothing: the host does have it.
  expect(seen.mine).toBe('/etc/shadow');
  expect(seen.inside.filter((each) => each.startsWith(`${String(LEAKED)} `))).toEqual([]);
  expect(seen.inside.filter((each) => each.includes('shadow'))).toEqual([]);
  expect(seen.inside.length).toBeGreaterThan(2);
});
