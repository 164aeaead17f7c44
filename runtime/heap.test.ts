import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const TEST_MS_MAX = 120_000;

/**
 * How much the heap takes, bytes, after most of what was on its pages has become garbage. In a Node.js of
 * its own: flags of V8 hold for a whole process.
 */
async function heapBytes(first: string): Promise<number> {
  const program = `
    import { compactHeap } from '${new URL('./heap.js', import.meta.url).href}';
    import { VirtualClock } from '${new URL('./virtual-clock.testing.js', import.meta.url).href}';
    const clock = new VirtualClock();
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

test.each([
  ['at a steady pace', 'compactHeap(clock);'],
  ['after a burst', 'compactHeap(clock).burst(30_000); clock.advance(30_000);'],
  [
    'after the last of two bursts',
    'const heap = compactHeap(clock); heap.burst(100); clock.advance(99); heap.burst(100); clock.advance(100);',
  ],
])(
  'this Node.js gives back pages that are mostly empty, %s',
  async (_when, first) => {
    const asItComes = await heapBytes('');
    const compact = await heapBytes(first);
    expect(compact).toBeGreaterThan(0);
    expect(compact).toBeLessThan(asItComes * 0.6);
  },
  TEST_MS_MAX,
);

test(
  'in a burst the heap is swept seldom',
  async () => {
    const steady = await heapBytes('compactHeap(clock);');
    const inBurst = await heapBytes(
      'const heap = compactHeap(clock); heap.burst(100); clock.advance(99); heap.burst(100); clock.advance(99);',
    );
    expect(inBurst).toBeGreaterThan(steady * 1.5);
  },
  TEST_MS_MAX,
);
