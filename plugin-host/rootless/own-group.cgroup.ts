// The control group that we were started in, where it was delegated to us: launches get theirs beside us.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindOf } from '../sandbox/hierarchy.js';
import { pidsOf } from '../sandbox/processes.cgroup.js';
import { readLayout } from '../sandbox/rights.proc.js';
import { isWritable } from '../sandbox/writable.fs.js';
import type { Ground } from './ground.js';

const needed = ['.', 'cgroup.procs', 'cgroup.subtree_control'];

export function lookAtGroup(): Pick<Ground, 'cgroups' | 'group'> {
  const layout = readLayout();
  const path = ownGroup();
  const dir = join(layout.unified ?? '/nonexistent', path);
  return {
    cgroups: kindOf(layout),
    group: {
      path,
      isOurs: needed.every((file) => isWritable(join(dir, file))),
      freezes: ['cgroup.freeze', 'cgroup.kill'].every((file) => existsSync(join(dir, file))),
      otherProcesses: pidsOf(dir).filter((pid) => pid !== process.pid).length,
    },
  };
}

/**
 * Goes into a group of our own in the delegated one: what limits the groups in it can be switched on only
 * while no process is in it itself.
 */
export function stepAside(path: string): void {
  const dir = join(readLayout().unified ?? '/nonexistent', path, 'lull');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'cgroup.procs'), String(process.pid));
}

/** From the root of version 2. */
function ownGroup(): string {
  return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
}
