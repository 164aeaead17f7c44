// The machine that Lull exists for: its processors busy with something else, and a disk that does so
// many writes a second and no more.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { CloseStack } from '../../runtime/shutdown.js';
import { openSlowDisk } from '../reaction/slow-disk.cgroup.js';

/** What a frame's write takes is some four; others get as much again, and a bit. */
const WRITES_PER_S = 600;

export interface Machine {
  readonly name: 'quiet' | 'loaded';
  /** What this process does to the disk, from now on; and what it starts. */
  take(pid: number): void;
  /** What it lacks of what was wanted, for people. */
  readonly lacks: string | undefined;
  close(): Promise<void>;
}

export const quiet: Machine = {
  name: 'quiet',
  take: () => undefined,
  lacks: undefined,
  close: () => Promise.resolve(),
};

/** @param path on the disk that is to be slow. */
export function loadMachine(path: string, opened: CloseStack): Machine {
  const disk = openSlowDisk(path, WRITES_PER_S);
  const spinners = Array.from({ length: availableParallelism() }, () =>
    spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
  );
  const exits = spinners.map((each) => once(each, 'exit'));
  const machine: Machine = {
    name: 'loaded',
    take: (pid) => disk?.take(pid),
    lacks: disk === undefined ? 'the kernel offers no limit on writes for this disk' : undefined,
    close: async () => {
      for (const each of spinners) each.kill('SIGKILL');
      await Promise.all(exits);
      // Back to where it came from, so that the group can be removed.
      disk?.leave(process.pid);
      await disk?.close();
    },
  };
  opened.add('the load', machine);
  return machine;
}
