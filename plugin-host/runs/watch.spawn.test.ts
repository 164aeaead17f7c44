import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { watchWork } from './watch.spawn.js';

const KIB = 1_024;
let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lull-watch-'));
  dir = join(root, 'work');
  mkdirSync(dir);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Looks so often; @returns whether it was over at any of them. */
async function isOver(bytesMax: number, looks: number): Promise<boolean> {
  const told: true[] = [];
  const due: (() => void)[] = [];
  const clock: Clock = {
    now: () => ({ wallMs: 0, monotonicMs: 0 }),
    after: (_delayMs, look) => {
      due.push(look);
      return () => undefined;
    },
  };
  const stands = (): boolean => false;
  const watch = watchWork({ dir, bytesMax, clock, stands, onOver: () => told.push(true) });
  for (let look = 0; look < looks; look += 1) {
    due.pop()?.();
    // The look is over when the next one is due, or when it has told.
    while (told.length + due.length === 0) await new Promise((turn) => setImmediate(turn));
  }
  await watch.close();
  return told.length > 0;
}

function fill(name: string, bytes: number): void {
  writeFileSync(join(dir, name), Buffer.alloc(bytes, 1));
}

test('many small files together are too much', async () => {
  for (let count = 0; count < 100; count += 1) fill(String(count), 4 * KIB);
  expect(await isOver(300 * KIB, 1)).toBe(true);
  expect(await isOver(600 * KIB, 3)).toBe(false);
});

test('a directory that cannot be measured holds too much', async () => {
  rmSync(dir, { recursive: true });
  expect(await isOver(300 * KIB, 1)).toBe(true);
});

test('what a link leads to does not count', async () => {
  writeFileSync(join(root, 'large'), Buffer.alloc(900 * KIB, 1));
  symlinkSync(join(root, 'large'), join(dir, 'link'));
  symlinkSync(root, join(dir, 'up'));
  fill('little', 4 * KIB);
  expect(await isOver(300 * KIB, 2)).toBe(false);
  fill('more', 400 * KIB);
  expect(await isOver(300 * KIB, 1)).toBe(true);
});

test('nothing is measured while it stands still, and what was written before is afterwards', async () => {
  fill('too-much', 400 * KIB);
  const clock = new VirtualClock();
  let [stands, told, measured] = [true, 0, 0];
  const counting: Clock = {
    now: () => {
      measured += 1;
      return clock.now();
    },
    after: (delayMs, fn) => clock.after(delayMs, fn),
  };
  const watch = watchWork({
    ...{ dir, bytesMax: 300 * KIB, clock: counting },
    stands: () => stands,
    onOver: () => (told += 1),
  });
  clock.advance(3_600_000);
  expect({ told, measured }).toEqual({ told: 0, measured: 0 });
  stands = false;
  clock.advance(1_000);
  await until('it is told', () => told === 1);
  await watch.close();
});
