// Downloads that were begun and are not whole: which there are, whose they are, and letting go of them.
// Their names end in the user id of their updater: order-of-run.ts.
//
// Invariants:
//   B1. What a run is at is not touched, also where it is taken hold of in the middle.
//   B2. What an updater begins pushes out its own beginnings, and never another one's.

import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../channel/host-failure.js';
import { abandoned, keeping } from './keeping.js';
import type { Uses } from './uses.js';

/** Of one updater, besides what its runs are at. */
const KEPT_MAX = 16;

export interface Begun {
  readonly name: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** Lets go of what nobody came back to, and where the disk runs full of the oldest. @returns names. */
export async function sweepBegun(
  dir: string,
  options: { readonly uses: Uses; readonly neededBytes: number; readonly nowMs: number },
): Promise<readonly string[]> {
  const { uses, neededBytes, nowMs } = options;
  const all = await begunIn(dir);
  if (all.length === 0) return [];
  const { bavail, bsize } = await statfs(dir);
  const disk = { freeBytes: bavail * bsize, neededBytes };
  const idle = all.filter(({ name }) => !uses.isHeld(name));
  // Also what is new: no install waits for it, and what is lost with it is time.
  const chosen = abandoned(idle, disk, nowMs, keeping.partialMsMax, 0);
  return letGo(dir, chosen, uses);
}

/** Makes place for one more of this updater (B2). */
export async function forgetOldest(dir: string, uid: number, uses: Uses): Promise<void> {
  const idle = await idleOf(dir, uid, uses);
  await letGo(dir, idle.slice(KEPT_MAX - 1), uses);
}

/** Lets go of the one that this updater has not come back to for longest; false: there is none (B2). */
export async function forgetOne(dir: string, uid: number, uses: Uses): Promise<boolean> {
  const idle = await idleOf(dir, uid, uses);
  return (await letGo(dir, idle.slice(-1), uses)).length > 0;
}

export async function begunBy(dir: string, uid: number): Promise<readonly Begun[]> {
  return (await begunIn(dir)).filter(({ name }) => name.endsWith(`-${String(uid)}`));
}

/** What no run is at, the newest first. */
async function idleOf(dir: string, uid: number, uses: Uses): Promise<readonly string[]> {
  const idle = (await begunBy(dir, uid)).filter(({ name }) => !uses.isHeld(name));
  return [...idle].sort((a, b) => b.usedAtMs - a.usedAtMs).map(({ name }) => name);
}

async function letGo(
  dir: string,
  names: readonly string[],
  uses: Uses,
): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const name of names) {
    const end = uses.leave([name]);
    if (end === undefined) continue; // B1
    try {
      await rm(join(dir, name), { force: true });
      await rm(join(dir, `${name}.json`), { force: true });
      gone.push(name);
    } finally {
      end();
    }
  }
  return gone;
}

async function begunIn(dir: string): Promise<readonly Begun[]> {
  const all: Begun[] = [];
  for (const name of (await readdir(dir).catch(nothingIfGone)) ?? []) {
    if (name.endsWith('.json')) continue;
    const found = await stat(join(dir, name)).catch(nothingIfGone);
    if (found?.isFile() !== true) continue;
    all.push({ name, sizeBytes: found.size, usedAtMs: found.mtimeMs });
  }
  return all;
}

function nothingIfGone(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
  return undefined;
}
