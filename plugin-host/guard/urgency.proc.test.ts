// In processes of the test's own: a priority that was given up is not had back by everybody.

import { expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRuntime } from '../sandbox/program.spawn.js';

const urgency = new URL('urgency.proc.js', import.meta.url).href;
const log = new URL('../../runtime/log.js', import.meta.url).href;
const root = process.getuid?.() === 0;
const testAsRoot = root ? test : test.skip;
const about = root ? '' : ' (skipped: needs root)';

/** What a process says of itself that has become urgent. */
async function said(expression: string, ownSession: boolean): Promise<string> {
  const script = `
    import { execFileSync } from 'node:child_process';
    import { readFileSync } from 'node:fs';
    import { getPriority } from 'node:os';
    const { beUrgent } = await import(${JSON.stringify(urgency)});
    const { createLog } = await import(${JSON.stringify(log)});
    beUrgent(createLog('test', 'silent'));
    console.log(${expression});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: ownSession,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  return text.trim();
}

testAsRoot(`the main thread comes before programs of others${about}`, async () => {
  expect(await said('getPriority()', false)).toBe('-10');
});

const autogroup = existsSync('/proc/self/autogroup');
const testGroups = root && autogroup ? test : test.skip;
testGroups('a session of its own comes with it, and one that it shares does not', async () => {
  const group = `readFileSync('/proc/self/autogroup', 'utf8')`;
  expect(await said(group, true)).toMatch(/ nice -10$/);
  expect(await said(group, false)).not.toMatch(/ nice -10$/);
});

testAsRoot(`what it starts for updaters has the lowest priority all the same${about}`, async () => {
  const [program = '', ...args] = findRuntime(process.execPath).politely;
  const how = JSON.stringify([...args, process.execPath, '-p', 'os.getPriority()']);
  const child = `execFileSync(${JSON.stringify(program)}, ${how}, { encoding: 'utf8' }).trim()`;
  expect(await said(child, false)).toBe('19');
  expect(execFileSync(program, [...args, process.execPath, '-p', 'os.getPriority()'])).toEqual(
    Buffer.from('19\n'),
  );
});

testAsRoot(`what it starts for itself is not urgent either: light or heavy${about}`, async () => {
  const tools = new URL('../sandbox/tool.spawn.js', import.meta.url).href;
  const ask = (how: string): string =>
    `await (await import(${JSON.stringify(tools)})).systemTools().${how}(process.execPath, ['-p', 'os.getPriority()'], 10_000)`;
  expect(await said(ask('light'), false)).toBe('0');
  expect(await said(ask('heavy'), false)).toBe('19');
});

testAsRoot(`nor is what removes the versions that are not kept${about}`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lull-urgency-'));
  try {
    mkdirSync(join(dir, 'version'));
    // An `rm` that says how urgent it is.
    const rm = `#!/bin/sh\ncut -d' ' -f19 /proc/self/stat > ${dir}/nice\n`;
    writeFileSync(join(dir, 'rm'), rm, { mode: 0o755 });
    const removal = JSON.stringify(
      new URL('../install/remove-tree.spawn.js', import.meta.url).href,
    );
    const [first, version] = [dir, join(dir, 'version')].map((each) => JSON.stringify(each));
    await said(
      `(process.env.PATH = ${String(first)} + ':' + process.env.PATH, await (await import(${removal})).removeTree(${String(version)}))`,
      false,
    );
    expect(readFileSync(join(dir, 'nice'), 'utf8')).toBe('19\n');
  } finally {
    rmSync(dir, { recursive: true });
  }
});
