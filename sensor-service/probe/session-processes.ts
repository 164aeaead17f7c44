// The processes of a session, by the control group in which logind keeps them.

import { join } from 'node:path';
import {
  groupOf,
  parseProcess,
  sessionUse,
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
  if (group === undefined) return undefined;
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
  return processes.length === 0 ? undefined : sessionUse(processes);
}
