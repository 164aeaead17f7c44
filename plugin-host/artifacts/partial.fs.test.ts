import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { PartialFile } from './partial.fs.js';
import { hexOf } from './upstream.http.testing.js';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-partial-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

function open(name: string): Promise<PartialFile> {
  return PartialFile.open(dir, name, [], () => Promise.resolve());
}

/** Cut anywhere, and each piece in memory that has something else in it when it has been taken. */
async function append(partial: PartialFile, content: Buffer, sizes: readonly number[]) {
  const memory = Buffer.alloc(Math.max(...sizes));
  let from = 0;
  for (let at = 0; from < content.byteLength; at += 1) {
    const size = Math.min(sizes[at % sizes.length] ?? 1, content.byteLength - from);
    content.copy(memory, 0, from, from + size);
    await partial.append(memory.subarray(0, size));
    memory.fill(0);
    from += size;
  }
}

test('what is kept is what came, in whatever pieces and over whatever restarts', async () => {
  const sizes = fc.array(fc.integer({ min: 1_000, max: 3_000_000 }), {
    minLength: 1,
    maxLength: 6,
  });
  const stops = fc.array(fc.nat(5_000_000), { maxLength: 2 });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(sizes, stops, async (pieces, cuts) => {
      const content = randomBytes(5_000_000);
      const name = `n${String((count += 1))}`;
      const ends = [...cuts, content.byteLength].sort((a, b) => a - b);
      for (const end of ends) {
        const partial = await open(name);
        await append(partial, content.subarray(partial.sizeBytes, end), pieces);
        if (end === content.byteLength) {
          expect((await partial.finish()).get('sha256')).toBe(hexOf('sha256', content));
        }
        await partial.close();
      }
      expect((await readFile(join(dir, name))).equals(content)).toBe(true);
    }),
    { numRuns: 15 },
  );
});

test('what was thrown away is in neither the file nor the digest', async () => {
  const partial = await open('again');
  await append(partial, randomBytes(2_500_000), [400_000]);
  await partial.restart();
  const content = randomBytes(1_500_000);
  await append(partial, content, [700_000]);
  expect((await partial.finish()).get('sha256')).toBe(hexOf('sha256', content));
  await partial.close();
  expect((await readFile(partial.path)).equals(content)).toBe(true);
});
