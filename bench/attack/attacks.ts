// What an updater does that takes all there is, again and again until it is ended. The same program runs
// within a sandbox and, where that harms nobody, plainly.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const attacks = ['forks', 'memory', 'disk', 'names', 'files'] as const;
export type Attack = (typeof attacks)[number];
/** Those that have an end of their own: the others take a machine with them that does not stop them. */
export const harmless: readonly Attack[] = ['disk', 'names', 'files'];

const MIB = 1024 * 1024;
/** At once; nothing that is taken for long is beyond this. */
const DISK_BYTES = 256 * MIB;
const NAMES = 20_000;
const FILES = 100_000;

/** @param directory is filled, and emptied again. */
export async function attackForEver(attack: Attack, directory: string): Promise<never> {
  for (;;) {
    await once[attack](directory);
    // Whoever only goes round in a circle hears of no end.
    await new Promise((next) => setImmediate(next));
  }
}

const once: Readonly<Record<Attack, (directory: string) => void | Promise<void>>> = {
  /** Each of them is busy, and what was refused is tried again. */
  forks: async () => {
    const busy: ChildProcess[] = [];
    for (let isRefused = false; !isRefused;) {
      const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore', detached: true });
      isRefused = await new Promise((tell) => {
        child.once('spawn', () => {
          tell(false);
        });
        child.once('error', () => {
          tell(true);
        });
      });
      busy.push(child);
    }
    await new Promise((later) => setTimeout(later, 500));
    for (const child of busy) child.kill('SIGKILL');
  },
  /** In a child, which the kernel ends. */
  memory: async () => {
    const taking = `const kept = []; for (;;) kept.push(Buffer.alloc(${String(MIB)}, 1));`;
    const child = spawn(process.execPath, ['-e', taking], { stdio: 'ignore' });
    await new Promise((end) => child.once('exit', end));
  },
  disk: (directory) => {
    const file = join(directory, 'all');
    untilRefused(DISK_BYTES / MIB, () => {
      writeFileSync(file, Buffer.alloc(MIB, 1), { flag: 'as' });
    });
    rmSync(file, { force: true });
  },
  names: (directory) => {
    const file = (count: number): string => join(directory, `n${String(count)}`);
    const made = untilRefused(NAMES, (count) => {
      writeFileSync(file(count), '');
    });
    for (let count = 0; count <= made; count += 1) rmSync(file(count), { force: true });
  },
  files: () => {
    const open: number[] = [];
    untilRefused(FILES, () => open.push(openSync('/dev/null', 'r')));
    for (const fd of open) closeSync(fd);
  },
};

/** @returns how often it was done. */
function untilRefused(most: number, act: (count: number) => unknown): number {
  for (let count = 0; count < most; count += 1) {
    try {
      act(count);
    } catch {
      // That is what it came for.
      return count;
    }
  }
  return most;
}
