import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { openPaid } from './paid.fs.js';

const log = createLog('test', 'silent');
let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-paid-'));
  file = join(dir, 'metered.json');
});

afterEach(() => rm(dir, { recursive: true }));

test('a plugin-host that is started anew in mid-run gives it no more than the rest', async () => {
  const before = openPaid({ file, log });
  for (let at = 0; at < 90; at += 1) before.add('r', 10_000, 1_000_000);
  await before.settled();
  expect(openPaid({ file, log }).add('r', 10_000, 1_000_000)).toBe(910_000);
});

test('what is little is written when much of it has come, and at the end', async () => {
  const paid = openPaid({ file, log });
  paid.add('r', 1_000, 1_000_000);
  expect(await readdir(dir)).toEqual([]);
  await paid.settled();
  expect(openPaid({ file, log }).add('r', 1, 1_000_000)).toBe(1_001);
});

test('a disk that takes nothing stops nobody', async () => {
  const paid = openPaid({ file: join(dir, 'gone', 'metered.json'), log });
  expect(paid.add('r', 500, 1_000)).toBe(500);
  await paid.settled();
  expect(paid.add('r', 500, 1_000)).toBe(1_000);
  await paid.settled();
});

test('of a thousand runs the ones that were seen last are kept', async () => {
  const paid = openPaid({ file, log });
  for (let at = 0; at <= 1_000; at += 1) paid.add(`r-${String(at)}`, 1, 1_000);
  await paid.settled();
  const after = openPaid({ file, log });
  expect([after.add('r-1000', 1, 1_000), after.add('r-0', 1, 1_000)]).toEqual([2, 1]);
});
