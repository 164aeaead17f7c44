// The processes of a group, and a group that has none any more.

import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Kills what is in a group now. */
export function killOnce(dir: string): void {
  const all = join(dir, 'cgroup.kill');
  try {
    if (existsSync(all)) writeFileSync(all, '1');
    else for (const pid of pidsOf(dir)) killPid(pid);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

export function pidsOf(dir: string): number[] {
  try {
    return readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Removes an empty group; one that is gone already, or still in use, is left as it is. */
export function removeGroup(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}

function killPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENODEV' || code === 'ENOENT';
}
