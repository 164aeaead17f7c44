import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { staysSmall } from './small-heap.js';

test.each<[string, readonly string[], boolean]>([
  ['a machine by itself', ['--state', '/s', 'up', '--policy', 'p'], true],
  ['a part of its own', ['up', '--only', 'sensor-service'], true],
  ['one of a fleet', ['up', '--nats', 'nats://n'], true],
  ['a question', ['status'], false],
])('%s', (_what, args, expected) => {
  expect(staysSmall(args)).toBe(expected);
});

const NEW_SPACE_BYTES_MAX = 4 * 1024 * 1024;

test.each([
  ['from its start', ''],
  ['after a thread has begun', "await once(new Worker('', { eval: true }), 'exit');"],
])('the heap of this Node.js stays small %s', async (_when, first) => {
  const program = `
    import { once } from 'node:events';
    import { getHeapSpaceStatistics } from 'node:v8';
    import { Worker } from 'node:worker_threads';
    import { keepHeapSmall } from '${new URL('./small-heap.js', import.meta.url).href}';
    keepHeapSmall();
    ${first}
    const kept = [];
    for (let n = 0; n < 2e6; n += 1) kept[n % 2e5] = { n };
    console.log(getHeapSpaceStatistics().find((s) => s.space_name === 'new_space').space_size);`;
  const run = promisify(execFile);
  const asModule = ['--input-type=module', '-e', program];
  const { stdout, stderr } = await run(process.execPath, asModule);
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(NEW_SPACE_BYTES_MAX);
});
