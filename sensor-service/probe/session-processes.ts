// The processes of a session, by the control group in which logind keeps them.

import { join } from 'node:path';
import {
  groupOf,
  leftUse,
  parseProcess,
  sessionUse,
  type SessionProcess,
  type SessionUse,
} from '../reading/session-processes.js';
import { readText } from './text-file.js';

/** An editor over SSH has a few dozen. */
const PROCESSES_MAX = 256;

interface Roots {
  readonly procRoot: string;
  readonly sysRoot: string;
}

/** @param leader its first process. @returns undefined where they cannot be seen. */
export function useOfSession(leader: number, roots: Roots): SessionUse | undefined {
  const of = readText(join(roots.procRoot, String(leader), 'cgroup'), '');
  const group = of.kind === 'text' ? groupOf(of.text) : undefined;
  const processes = group === undefined ? undefined : processesOf(group, roots);
  return processes === undefined ? undefined : sessionUse(processes);
}

/** The same of one whose first process has ended. Where none can be seen, what was left is nobody. */
export function useOfLeftSession(group: string, roots: Roots): SessionUse {
  const processes = processesOf(group, roots) ?? processesOf(`/systemd${group}`, roots) ?? [];
  return leftUse(processes);
}

function processesOf(group: string, roots: Roots): readonly SessionProcess[] | undefined {
  const listed = readText(join(roots.sysRoot, 'fs', 'cgroup', group, 'cgroup.procs'), '');
  if (listed.kind === 'missing') return undefined;
  const pids = listed.text.split('\n').filter((line) => line !== '');
  // One of another namespace is listed as 0.
  if (pids.length > PROCESSES_MAX || !pids.every((pid) => /^[1-9]\d*$/.test(pid))) return undefined;
  const processes = pids.flatMap((pid) => {
    const stat = readText(join(roots.procRoot, pid, 'stat'), '');
    // It may have ended meanwhile.
    return stat.kind === 'text' ? (parseProcess(stat.text) ?? []) : [];
  });
  return processes.length === 0 ? undefined : processes;
}
