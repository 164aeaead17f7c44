import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKPOINT_BYTES_MAX, createCheckpoints } from './checkpoints.fs.js';

const DAY_MS = 86_400_000;

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-checkpoints-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('the last one saved is found by another process, until it is removed', async () => {
  const one = createCheckpoints({ dir: join(dir, 'new') });
  await one.save('run', Buffer.from('1'));
  await Promise.all(['2', '3', '4'].map((text) => one.save('run', Buffer.from(text))));
  const other = createCheckpoints({ dir: join(dir, 'new') });
  expect((await other.load('run'))?.toString()).toBe('4');
  await other.remove('run');
  await other.remove('run');
  expect(await one.load('run')).toBeUndefined();
});

test('a run id is never a path (T7)', async () => {
  const checkpoints = createCheckpoints({ dir });
  await checkpoints.save('../../evil', Buffer.from('x'));
  expect(await readdir(dir)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
});

test('nothing larger than the contract allows, and nothing saved yet', async () => {
  const checkpoints = createCheckpoints({ dir: join(dir, 'new') });
  await expect(checkpoints.save('a', Buffer.alloc(CHECKPOINT_BYTES_MAX + 1))).rejects.toThrow();
  expect(await checkpoints.load('a')).toBeUndefined();
  await checkpoints.remove('a');
});

test('one of a run that failed goes two weeks later, and that of a run which stands here stays', async () => {
  const checkpoints = createCheckpoints({ dir });
  for (const runId of ['failed', 'stands']) await checkpoints.save(runId, Buffer.from(runId));
  const [half = ''] = await readdir(dir);
  // As a power cut leaves one of a run before.
  await writeFile(join(dir, `${half.replaceAll(/[0-9]/g, 'a')}.partial`), 'hal');
  await checkpoints.tidy(Date.now() + 13 * DAY_MS, []);
  expect(await readdir(dir)).toHaveLength(3);
  await checkpoints.tidy(Date.now() + 15 * DAY_MS, ['stands']);
  expect(await checkpoints.load('failed')).toBeUndefined();
  expect((await checkpoints.load('stands'))?.toString()).toBe('stands');
  expect(await readdir(dir)).toHaveLength(1);
});

test('where no run ever saved one there is nothing to clear away', async () => {
  await createCheckpoints({ dir: join(dir, 'never') }).tidy(Date.now(), []);
});
