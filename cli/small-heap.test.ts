import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { staysSmall } from './small-heap.js';

test.each<[string, readonly string[], Record<string, string>, boolean]>([
  ['a machine by itself', ['--state', '/s', 'up', '--policy', 'p'], {}, true],
  ['a sensor-service of its own', ['up', '--only', 'sensor-service'], {}, true],
  ['one of a fleet', ['up', '--nats', 'nats://n'], {}, false],
  ['one of a fleet, in one word', ['up', '--nats=nats://n'], {}, false],
  ['one of a fleet, by its environment', ['up'], { LULL_NATS: 'nats://n' }, false],
  ['one with credentials that it does not use', ['up', '--nats-creds', 'f'], {}, true],
  ['a question', ['status'], {}, false],
])('%s', (_what, args, env, expected) => {
  expect(staysSmall(args, env)).toBe(expected);
});

test('this Node.js knows the flag, and its young generation stays as small as it begins', async () => {
  const program = `
    const v8 = require('node:v8');
    v8.setFlagsFromString('--semi-space-growth-factor=1');
    const kept = [];
    for (let n = 0; n < 2e6; n += 1) kept[n % 2e5] = { n };
    console.log(v8.getHeapSpaceStatistics().find((s) => s.space_name === 'new_space').space_size);`;
  const run = promisify(execFile);
  const { stdout, stderr } = await run(process.execPath, ['-e', program]);
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(4 * 1024 * 1024);
});
