// The processes of a stage's updaters, looked at from outside.

import { readFileSync } from 'node:fs';
import { updaterProcesses } from './leftovers.js';
import type { Stage } from './stage.js';

/** Processor time of each process of an updater so far, in ticks of the kernel's clock. */
export function cpuTicks(stage: Stage): ReadonlyMap<number, number> {
  return new Map(
    updaterProcesses(stage).map((pid) => {
      // The name in brackets may hold blanks; what follows it does not.
      const fields = read(pid, 'stat')
        .replace(/^.*\) /s, '')
        .split(' ');
      return [pid, Number(fields[11]) + Number(fields[12])];
    }),
  );
}

/** Whether the kernel was told to keep every process of an updater still, and there is one. */
export function isFrozen(stage: Stage): boolean {
  const pids = updaterProcesses(stage);
  return pids.length > 0 && pids.every((pid) => groupsOf(pid).some(isFrozenGroup));
}

function groupsOf(pid: number): string[] {
  return read(pid, 'cgroup')
    .split('\n')
    .flatMap((line) => /^\d+:([^:]*):(\/lull-.*)$/.exec(line)?.slice(2) ?? []);
}

/** By either hierarchy, wherever it is mounted. */
function isFrozenGroup(path: string): boolean {
  const root = '/sys/fs/cgroup';
  return (
    readText(`${root}${path}/cgroup.freeze`) === '1\n' ||
    readText(`${root}/unified${path}/cgroup.freeze`) === '1\n' ||
    readText(`${root}/freezer${path}/freezer.state`) === 'FROZEN\n'
  );
}

function read(pid: number, file: string): string {
  return readText(`/proc/${String(pid)}/${file}`);
}

/** '' for what is not there, such as a process that ended between the list and the look. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
