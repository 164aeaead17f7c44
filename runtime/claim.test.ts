import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claim, claimantOf } from './claim.fs.js';

let dir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-claim-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
});

/** A process that claims and says "mine", or "refused"; then it waits to be killed. */
function claimant(): { child: ChildProcess; said: Promise<string> } {
  const module = fileURLToPath(new URL('./claim.fs.js', import.meta.url));
  const script = `import { claim } from ${JSON.stringify(module)};
    setInterval(() => undefined, 1000);
    await claim(${JSON.stringify(dir)}, 'part', '--run').then(
      () => process.stdout.write('mine'), (error) => process.stdout.write('refused ' + error.code));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const said = once(child.stdout as NodeJS.ReadableStream, 'data').then(([text]) => String(text));
  return { child, said };
}

test('of several that come at once exactly one gets it, also beside what the dead left', async () => {
  writeFileSync(join(dir, '.part.999999999.1'), '');
  const said = await Promise.all([1, 2, 3, 4].map(() => claimant().said));
  expect(said.sort()).toEqual(['mine', ...Array<string>(3).fill('refused CLAIMED')]);
  expect(readdirSync(dir)).toHaveLength(1);
});

test('the claim of a process that was killed is free', async () => {
  const first = claimant();
  expect(await first.said).toBe('mine');
  await expect(claim(dir, 'part', '--run')).rejects.toThrow(String(first.child.pid));
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const next = await claim(dir, 'part', '--run');
  expect(readdirSync(dir)).toHaveLength(1);
  await next.close();
  await next.close();
  expect(readdirSync(dir)).toEqual([]);
});

test('the pid of somebody else that came round again has no claim', async () => {
  writeFileSync(join(dir, `.part.${String(process.ppid)}.1`), '');
  await (await claim(dir, 'part', '--run')).close();
  expect(readdirSync(dir)).toEqual([]);
});

test('a process does not get twice what it has, and names do not meet', async () => {
  const one = await claim(dir, 'part', '--run');
  const other = await claim(dir, 'other', '--run');
  await expect(claim(dir, 'part', '--state')).rejects.toThrow('--state');
  await one.close();
  await other.close();
  expect(readdirSync(dir)).toEqual([]);
});

test('what a claimant says is wrong with it is seen while it lives, and goes with it (C3)', async () => {
  const { pid } = process;
  const ours = await claim(dir, 'part', '--run');
  expect(claimantOf(dir, 'part')).toEqual({ pid, problem: '' });
  await ours.tell('nobody hears it');
  expect(claimantOf(dir, 'part')).toEqual({ pid, problem: 'nobody hears it' });
  const telling = ours.tell('until it closes');
  await ours.close();
  await telling;
  await ours.tell('too late');
  expect(readdirSync(dir)).toEqual([]);
  const next = await claim(dir, 'part', '--run');
  expect(claimantOf(dir, 'part')).toEqual({ pid, problem: '' });
  await next.close();
});
