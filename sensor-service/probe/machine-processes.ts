// Whether the processes that are seen here are those of the machine. In a container they may be others: it
// has numbers of its own, and the kernel shows it nobody else's programs, open files or locks.
//
// Invariant: V2. A process that is not seen has ended only where every process of the machine would be.

import { readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './text-file.js';

/** The kernel gives this number to the namespace in which it started, and to no other one. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
export const OTHER_PROCESSES =
  'the machine’s processes are not seen in this container; start it with --pid=host';
/** Root of a container is refused without a capability that engines do not give by themselves. */
export const FOR_ROOT =
  'run the sensor-service as root, and in a container with --cap-add=SYS_PTRACE';

export interface Roots {
  /** The directory in which run/ and dev/ lie. */
  readonly root: string;
  readonly procRoot: string;
}

/** Whether every process of the machine is seen here, where /proc hides none. */
export function seesProcesses(roots: Roots): boolean {
  return isFirstNamespace(roots.procRoot) || isMachineOfItsOwn(roots);
}

/** Whether a process of the machine has ended (V2). */
export function hasEnded(pid: number, roots: Roots): boolean {
  if (!seesProcesses(roots)) return false;
  const { procRoot } = roots;
  // Where /proc is mounted so that others' processes are hidden, the first one is hidden as well.
  return exists(join(procRoot, '1')) && !exists(join(procRoot, String(pid)));
}

/** A container that is a machine, such as LXC makes, has an init, and a utmp that nobody put there. */
export function isMachineOfItsOwn({ root, procRoot }: Roots): boolean {
  if (isFirstNamespace(procRoot)) return false;
  const name = readText(join(procRoot, '1', 'comm'), '');
  if (name.kind === 'missing' || !/^(?:systemd|init)\b/.test(name.text)) return false;
  return !mountsOf(procRoot).has(join(root, 'run', 'utmp'));
}

/** The file system's type at each place at which one is mounted. */
export function mountsOf(procRoot: string): ReadonlyMap<string, string> {
  const mounts = readText(join(procRoot, 'self', 'mounts'), '');
  if (mounts.kind === 'missing') return new Map();
  return new Map(
    mounts.text.split('\n').flatMap((line) => {
      const [, at, type] = line.split(' ');
      return at === undefined || type === undefined ? [] : [[at, type] as const];
    }),
  );
}

function isFirstNamespace(procRoot: string): boolean {
  try {
    return readlinkSync(join(procRoot, 'self', 'ns', 'pid')) === FIRST_PID_NAMESPACE;
  } catch {
    return false; // What cannot be asked proves nothing.
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
