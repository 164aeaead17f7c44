import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('main.js', import.meta.url));

test.each<[string, number]>([
  ['--help', 0],
  ['-h', 0],
  ['nothing-of-this-name', 2],
])('npm run bench -- %s lists what can be measured, and nothing before it', (word, code) => {
  const options = { encoding: 'utf8', timeout: 30_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, word], options);
  expect(status).toBe(code);
  expect(stdout + stderr).toMatch(/^npm run bench -- <name> .*\nbenchmarks:\n {2}reaction /);
});
