// The priority that updaters have, for a command: what of the difference is only that Lull lets
// everybody else go first.

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeOwnGroup } from '../own.cgroup.js';

export interface LowestPriority {
  /** Goes before a command. */
  readonly prefix: readonly string[];
  close(): Promise<void>;
}

/** The plugin-host's own numbers for the group of all updaters. */
const weights = [
  ['/sys/fs/cgroup/cpu', 'cpu.shares', '10'],
  ['/sys/fs/cgroup', 'cpu.weight', '1'],
] as const;

/** A group of the lowest weight where the kernel gives one, and the lowest nice value. */
export function openLowestPriority(): LowestPriority {
  const polite = ['nice', '-n', '19'];
  for (const [root, file, weight] of weights) {
    const dir = join(root, `bench-lowest-${String(process.pid)}`);
    if (!existsSync(join(root, 'cgroup.procs'))) continue;
    mkdirSync(dir);
    if (!existsSync(join(dir, file))) {
      rmdirSync(dir);
      continue;
    }
    writeFileSync(join(dir, file), weight);
    const joinGroup = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    return {
      prefix: ['sh', '-c', joinGroup, dir, ...polite],
      close: () => removeOwnGroup(dir),
    };
  }
  return { prefix: polite, close: () => Promise.resolve() };
}
