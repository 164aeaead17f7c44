import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile, link } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keeping } from './keeping.js';
import { sweep } from './sweep.fs.js';
import { Uses } from './uses.js';

const NOW_MS = Date.now();
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-sweep-'));
  for (const name of ['sha256', 'sha512', 'shown']) await mkdir(join(dir, name));
});

afterEach(() => rm(dir, { recursive: true }));

/** Content under its three names. */
async function store(name: string, unusedMs: number): Promise<void> {
  const path = join(dir, 'sha256', name);
  await writeFile(path, name);
  await link(path, join(dir, 'sha512', `long-${name}`));
  await link(path, join(dir, 'shown', name));
  const at = new Date(NOW_MS - unusedMs);
  await utimes(path, at, at);
}

const options = (uses = new Uses()) => ({
  uses,
  shownIn: [join(dir, 'shown'), join(dir, 'gone')],
  neededBytes: 0,
  nowMs: NOW_MS,
});

async function names(): Promise<string[]> {
  const all = await Promise.all(
    ['sha256', 'sha512', 'shown'].map((each) => readdir(join(dir, each))),
  );
  return all.flat().sort();
}

test('content goes with every name that it has', async () => {
  await store('old', keeping.unusedMsMax);
  await store('new', 0);
  expect(await sweep(dir, options())).toEqual(['old']);
  expect(await names()).toEqual(['long-new', 'new', 'new']);
});

test('what is in use stays', async () => {
  await store('old', keeping.unusedMsMax);
  const uses = new Uses();
  const release = await uses.hold(['old']);
  expect(await sweep(dir, options(uses))).toEqual([]);
  expect(await names()).toHaveLength(3);
  release();
  expect(await sweep(dir, options(uses))).toEqual(['old']);
});

test('so does what somebody takes hold of while the store is looked through', async () => {
  await store('old', keeping.unusedMsMax);
  await store('older', keeping.unusedMsMax + 1);
  const uses = new Uses();
  const sweeping = sweep(dir, options(uses));
  // By the other digest, as an order knows it that has not looked yet.
  await uses.hold(['long-old']);
  expect(await sweeping).toEqual(['older']);
  expect(await names()).toEqual(['long-old', 'old', 'old']);
});

test('a store that was never used is no error', async () => {
  expect(await sweep(join(dir, 'nowhere'), options())).toEqual([]);
});
