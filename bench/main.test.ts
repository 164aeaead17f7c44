import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { until } from '../runtime/until.testing.js';

const main = fileURLToPath(new URL('main.js', import.meta.url));

function bench(...args: string[]) {
  const options = { encoding: 'utf8', timeout: 30_000 } as const;
  return spawnSync(process.execPath, [main, ...args], options);
}

test.each(['--help', '-h'])('npm run bench -- %s lists what can be measured', (word) => {
  const { status, stdout, stderr } = bench(word);
  expect(status).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^npm run bench -- <name> .*\nbenchmarks:\n {2}reaction /);
});

test('what is wrong with the command line is said, and nothing is measured', () => {
  const { status, stdout, stderr } = bench('overlaps');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(
    /^bench: no benchmark is called "overlaps"; .*\nnpm run bench -- <name> .*\n$/,
  );
});

test('a recording that is not there ends a benchmark with one line that says so', () => {
  const { status, stderr } = bench('overlap', '--trace', '/nowhere/at/all.csv');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^bench: \/nowhere\/at\/all\.csv cannot be read: ENOENT.*\n$/);
});

test('a benchmark that is interrupted leaves nothing behind, and does not complain', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lull-bench-'));
  const child = spawn(process.execPath, [main, 'journal'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: directory },
  });
  const words: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => words.push(bytes));
  const ended = once(child, 'exit');
  try {
    const measures = (): boolean =>
      readdirSync(directory, { recursive: true }).some((path) => String(path).endsWith('bare'));
    await until('it measures', measures);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(Buffer.concat(words).toString()).toBe('');
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
