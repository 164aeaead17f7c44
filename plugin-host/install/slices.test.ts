import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inSlices } from './slices.loop.js';
import { eachOf, SLICE, sorted, type Sliced } from './slices.js';
import { changesBetween, summarize, type TreeEntry } from './tree.js';

const numbers = (a: number, b: number): number => a - b;

/** @returns how often it gave way. */
function stepsOf<T>(work: Sliced<T>): { steps: number; value: T } {
  for (let steps = 0; ; steps += 1) {
    const step = work.next();
    if (step.done === true) return { steps, value: step.value };
  }
}

test('what is sorted in slices is sorted, and what is alike keeps its order', () => {
  const lengths = fc.constantFrom(0, 1, 2, SLICE, SLICE + 1, 2 * SLICE, 3 * SLICE + 7);
  const items = lengths.chain((length) =>
    fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.nat()), {
      ...{ minLength: length, maxLength: length },
    }),
  );
  fc.assert(
    fc.property(items, (all) => {
      const byFirst = (a: [number, number], b: [number, number]): number => numbers(a[0], b[0]);
      expect(stepsOf(sorted(all, byFirst)).value).toEqual([...all].sort(byFirst));
    }),
    { numRuns: 30 },
  );
});

test('a tree as large as one may be gives way at least after each thousand of its entries', () => {
  const entries = Array.from({ length: 100_000 }, (_, at): TreeEntry => ({
    ...{ kind: 'file', path: `p${String((at * 7_919) % 100_000)}`, mode: 0o644 },
    ...{ sizeBytes: 1, sha256: '0'.repeat(64), uid: 0 },
  }));
  const slices = entries.length / SLICE - 1;
  expect(stepsOf(eachOf(entries, () => undefined)).steps).toBe(slices);
  // Sorted runs, seven rounds of merging, and the hashing.
  expect(stepsOf(summarize(entries)).steps).toBeGreaterThan(8 * slices);
  expect(stepsOf(changesBetween([], entries, 10)).steps).toBeGreaterThan(8 * slices);
});

test('between two slices others get their turn, and a run that is over ends it', async () => {
  let turns = 0;
  let slices = 0;
  const others = setInterval(() => (turns += 1), 0);
  const items = Array.from({ length: 20 * SLICE }, (_, at) => at);
  await inSlices(
    eachOf(items, () => undefined),
    async () => {
      slices += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
  );
  clearInterval(others);
  expect(slices).toBe(19);
  expect(turns).toBeGreaterThan(0);
  const over = inSlices(
    eachOf(items, () => undefined),
    () => Promise.reject(new Error('over')),
  );
  await expect(over).rejects.toThrow('over');
});
