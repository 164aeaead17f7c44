import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

/** How much the heap takes after most of what was on its pages has become garbage. */
async function heapBytes(first: string): Promise<number> {
  const program = `
    import { keepHeapCompact } from '${new URL('./heap.js', import.meta.url).href}';
    ${first}
    const kept = [];
    for (let n = 0; n < 5e5; n += 1) kept.push({ n, of: [n, n, n] });
    for (let n = 0; n < 5e5; n += 1) if (n % 5 !== 0) kept[n] = undefined;
    // What lives for a while and is garbage then has all of it collected again and again.
    const passing = [];
    for (let n = 0; n < 3e6; n += 1) passing[n % 5e4] = { n, of: [n, n, n] };
    console.log(process.memoryUsage().heapTotal, kept.length);`;
  const asModule = ['--input-type=module', '-e', program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, asModule);
  expect(stderr).toBe('');
  return Number.parseInt(stdout, 10);
}

test('this Node.js gives back pages that are mostly empty', async () => {
  const asItComes = await heapBytes('');
  const compact = await heapBytes('keepHeapCompact();');
  expect(compact).toBeGreaterThan(0);
  expect(compact).toBeLessThan(asItComes * 0.6);
}, 120_000);
