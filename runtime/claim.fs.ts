// A claim on a directory: at most one living process has it.
//
// Node has no file locks, and a lock file that the dead leave behind can't be replaced without a
// race. So a claim announces itself first and looks around afterwards:
//
//   announce: a file of one's own ─▶ look at the others ─▶ a living one: withdraw, later once more
//                                                     └─▶ dead ones only: removed, it is ours
//
// Invariants:
//   C1. Who has a claim announced it before the last look. Of two that come at once at least one
//       sees the other; both may withdraw, never may both stay.
//   C2. An announcement is removed by the process that made it, or when that process is dead: pid and
//       start time together name it, so that a pid that came round again is nobody's.
//   C3. What an announcement says is of the living: it goes with it.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from './deadline.js';
import type { Closeable } from './shutdown.js';

/** Two that met withdraw both and try again apart from each other. */
const TRIES_MAX = 5;
const APART_MS_MAX = 100;

export class ClaimedError extends Error {
  readonly code = 'CLAIMED';

  constructor(dir: string, name: string, pid: number, instead: string) {
    super(
      `${dir} is in use by a running Lull (${name}, process ${String(pid)}). Stop that one first, or choose another directory with ${instead}.`,
    );
    this.name = 'ClaimedError';
  }
}

export interface Claim extends Closeable {
  /** Says, to whoever looks, what is wrong with the claimant. Nothing after it was closed (C3). */
  tell(problem: string): Promise<void>;
}

/** Who has claimed a directory. */
export interface Claimant {
  readonly pid: number;
  /** What it says is wrong with it; empty: nothing. */
  readonly problem: string;
}

/**
 * Claims `dir`, which exists, for `name` (a plain word) until it is closed.
 * @param instead the option that chooses another directory, for the message.
 * @throws ClaimedError when a living process has it.
 */
export async function claim(dir: string, name: string, instead: string): Promise<Claim> {
  const prefix = `.${name}.`;
  const own = `${prefix}${String(process.pid)}.${startOf(process.pid) ?? '0'}`;
  const file = join(dir, own);
  for (let tries = 1; ; tries += 1) {
    const taken = existsSync(file) ? process.pid : announceAndLook(dir, prefix, own);
    if (taken === undefined) return claimBy(file);
    if (tries >= TRIES_MAX) throw new ClaimedError(dir, name, taken, instead);
    await pause(Math.random() * APART_MS_MAX);
  }
}

function claimBy(file: string): Claim {
  let closed = false;
  let telling = Promise.resolve();
  return {
    // Beside the loop, which may be the one that guards a person.
    tell: (problem) => (telling = closed ? telling : writeFile(file, problem)),
    close: async () => {
      closed = true;
      await telling.catch(() => undefined); // Whoever told was told.
      rmSync(file, { force: true }); // C3
    },
  };
}

/** The living process that has claimed `dir` for `name`, or undefined. Looks only. */
export function claimantOf(dir: string, name: string): Claimant | undefined {
  const prefix = `.${name}.`;
  const [living] = claimantsIn(dir, prefix).filter(({ alive }) => alive);
  if (living === undefined) return undefined;
  return { pid: living.pid, problem: wordsIn(join(dir, living.name)) };
}

/** @returns none where it has just been closed. */
function wordsIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** @returns the process that has the claim, or undefined when it is ours. */
function announceAndLook(dir: string, prefix: string, own: string): number | undefined {
  const file = join(dir, own);
  writeFileSync(file, '', { flag: 'wx', mode: 0o600 }); // C1
  for (const other of claimantsIn(dir, prefix)) {
    if (other.name === own) continue;
    if (other.alive) {
      rmSync(file, { force: true });
      return other.pid;
    }
    rmSync(join(dir, other.name), { force: true }); // C2
  }
  return undefined;
}

function claimantsIn(dir: string, prefix: string): { name: string; pid: number; alive: boolean }[] {
  return readdirSync(dir)
    .filter((name) => name.startsWith(prefix))
    .map((name) => {
      const [pid = '', start] = name.slice(prefix.length).split('.');
      return { name, pid: Number(pid), alive: startOf(Number(pid)) === start };
    });
}

/** When a process started, in the kernel's ticks since boot; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // The program's name, in brackets, may hold anything; field 22 is the 20th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
