// Downloads that were begun: which are let go of, and which never.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { begunBy, forgetOldest, forgetOne, sweepBegun } from './begun.fs.js';
import { keeping } from './keeping.js';
import { Uses } from './uses.js';

const NOW_MS = Date.now();
/** More than any disk has. */
const MUCH = 1e18;
let dir: string;
let uses: Uses;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-begun-'));
  uses = new Uses();
});

afterEach(() => rm(dir, { recursive: true }));

async function begin(name: string, unusedMs: number): Promise<void> {
  const at = new Date(NOW_MS - unusedMs);
  for (const file of [name, `${name}.json`]) {
    await writeFile(join(dir, file), 'half');
    await utimes(join(dir, file), at, at);
  }
}

async function names(): Promise<string[]> {
  return (await readdir(dir)).filter((name) => !name.endsWith('.json')).sort();
}

describe('what nobody came back to', () => {
  const sweep = (neededBytes = 0) => sweepBegun(dir, { uses, neededBytes, nowMs: NOW_MS });

  test('goes after a week, with its note, and what goes on does not', async () => {
    await begin('a-61000', keeping.partialMsMax);
    await begin('b-61000', keeping.partialMsMax);
    await begin('c-61000', 0);
    await uses.hold(['b-61000']);
    expect(await sweep()).toEqual(['a-61000']);
    expect((await readdir(dir)).sort()).toEqual([
      ...['b-61000', 'b-61000.json', 'c-61000', 'c-61000.json'],
    ]);
  });

  test('goes at once where somebody needs the room, however new, and what goes on does not', async () => {
    await begin('a-61000', 60_000);
    await begin('b-61001', 1_000);
    await uses.hold(['a-61000']);
    expect(await sweep(MUCH)).toEqual(['b-61001']);
    expect(await names()).toEqual(['a-61000']);
  });

  test('of a store that was never used there is nothing', async () => {
    const nowhere = join(dir, 'nowhere');
    expect(await sweepBegun(nowhere, { uses, neededBytes: MUCH, nowMs: NOW_MS })).toEqual([]);
    expect(await begunBy(nowhere, 61_000)).toEqual([]);
  });
});

describe('who begins much', () => {
  beforeEach(async () => {
    await begin('other-61001', 99_000);
    for (let at = 0; at < 20; at += 1) await begin(`n${String(at)}-61000`, 1_000 * (20 - at));
  });

  test('loses the oldest of their own: none that goes on, and none of another one', async () => {
    await uses.hold(['n0-61000', 'new-61000']);
    await forgetOldest(dir, 61_000, uses);
    const left = await names();
    expect(left).toContain('n0-61000');
    expect(left).toContain('other-61001');
    // With the one that comes now they are sixteen, besides what goes on.
    expect(left.filter((name) => name.endsWith('-61000'))).toHaveLength(16);
    expect(left).not.toContain('n4-61000');
    expect(left).toContain('n5-61000');
  });

  test('can give them up one by one, until only what goes on is left', async () => {
    await uses.hold(['n19-61000']);
    let count = 0;
    while (await forgetOne(dir, 61_000, uses)) count += 1;
    expect(count).toBe(19);
    expect(await names()).toEqual(['n19-61000', 'other-61001']);
  });
});
