// The threads: what is frozen stands still in one, and keeps nobody else waiting.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { until } from '../../runtime/until.testing.js';
import { newPass } from './pass.js';
import { setPass } from './pass.loop.js';
import { openTrees, type Trees } from './trees.loop.js';
import { summarize } from './tree.js';

let dir: string;
let clock: VirtualClock;
let trees: Trees;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-trees-'));
  clock = new VirtualClock();
  trees = openTrees({ clock });
});

afterEach(async () => {
  await trees.close();
  await rm(dir, { recursive: true });
});

const threadCount = (): number =>
  (process.report.getReport() as { workers: readonly unknown[] }).workers.length;

async function stage(files: number): Promise<void> {
  await mkdir(join(dir, 'staged'));
  for (let at = 0; at < files; at += 1) await writeFile(join(dir, 'staged', String(at)), 'x');
}

const order = () => ({
  staged: { workDir: dir, path: 'staged' },
  replacedPaths: [],
  into: join(dir, 'copy'),
  owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  topMode: 0o755,
  uid: process.getuid?.() ?? 0,
  bytesMax: 1e9,
});

test('whatever is done stands still where it is when its run is frozen, goes on, and ends when that is over', async () => {
  const files = 3_000;
  await stage(files);
  const pass = newPass();
  const copying = trees.carryOut('replace', order(), pass);
  await until('the first files', () => existsSync(join(dir, 'copy', '0')));
  setPass(pass, 'frozen');
  const copied = async (): Promise<number> => (await readdir(join(dir, 'copy'))).length;
  // The file that it was at may come yet.
  const standing = (await copied()) + 1;
  await trees.carryOut('compare', { before: join(dir, 'staged') });
  expect(await copied()).toBeLessThanOrEqual(standing);
  expect(standing).toBeLessThan(files);
  setPass(pass, 'over');
  await expect(copying).rejects.toMatchObject({ name: 'HostError', code: 'RUN_OVER' });
  expect(await copied()).toBeLessThanOrEqual(standing);
});

test('more at once than there may be threads wait for their turn, and are all done', async () => {
  await stage(3);
  const frozen = newPass();
  setPass(frozen, 'frozen');
  const whole = { before: join(dir, 'staged') };
  const held = Array.from({ length: 8 }, () => trees.carryOut('compare', whole, frozen));
  let isDone = false;
  const next = trees.carryOut('compare', whole).then(() => (isDone = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(threadCount()).toBeLessThanOrEqual(8);
  expect(isDone).toBe(false);
  setPass(frozen, 'open');
  const results = await Promise.all(held);
  await next;
  expect(new Set(results.map(({ treeAfterSha256 }) => treeAfterSha256))).toEqual(
    new Set([summarize([]).sha256]),
  );
});

test('closed, it ends what is done and what waits, and begins nothing more', async () => {
  await stage(1);
  const frozen = newPass();
  setPass(frozen, 'frozen');
  const whole = { before: join(dir, 'staged') };
  const asked = Array.from({ length: 10 }, () => trees.carryOut('compare', whole, frozen));
  const ends = Promise.allSettled(asked);
  await until('the first', () => threadCount() > 0);
  await trees.close();
  const late = trees.carryOut('compare', whole);
  await expect(late).rejects.toThrow('were ended');
  expect((await ends).map(({ status }) => status)).toEqual(asked.map(() => 'rejected'));
  expect(threadCount()).toBe(0);
});

test('a thread serves the next one, and ends when nobody has needed it for a while', async () => {
  await stage(1);
  const whole = { before: join(dir, 'staged') };
  for (let at = 0; at < 3; at += 1) await trees.carryOut('compare', whole);
  await expect(trees.carryOut('compare', { before: join(dir, 'gone') })).rejects.toMatchObject({
    code: 'ENOENT',
  });
  expect(threadCount()).toBe(1);
  clock.advance(10_000);
  await until('its end', () => threadCount() === 0);
  await trees.carryOut('compare', whole);
});

test('what a tree may not hold is said by its code and in its words', async () => {
  await stage(1);
  await writeFile(join(dir, 'staged', 'open'), 'x', { mode: 0o666 });
  await chmod(join(dir, 'staged', 'open'), 0o666);
  await expect(trees.carryOut('replace', order())).rejects.toMatchObject({
    name: 'HostError',
    code: 'FIELD_INVALID',
    message: expect.stringMatching(/open can be written by everybody/),
  });
});
