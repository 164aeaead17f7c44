// Whether the terminals and processes that are seen here are those that utmp and logind tell of. In a
// container they may not be: it has terminals and numbers of processes of its own, and the same names.
//
// Invariants:
//   V1. What may be another machine's is not looked at: whoever cannot see a terminal says so.
//   V2. A process that is not seen has ended only where every process of the machine would be.

import { readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './text-file.js';

/** The kernel gives this number to the namespace in which it started, and to no other one. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
const OTHER_PROCESSES =
  'the machine’s processes are not seen in this container, and so not whose its terminals are; start it with --pid=host';
const OTHER_TERMINALS =
  'the machine’s terminals are not seen in this container; start it with -v /dev:/dev';

export interface Roots {
  /** The directory in which run/ and dev/ lie. */
  readonly root: string;
  readonly procRoot: string;
}

export type MachineTerminals =
  /** The directory in which they lie. */
  | { readonly kind: 'seen'; readonly dev: string }
  | { readonly kind: 'unseen'; readonly why: string };

export function machineTerminals({ root, procRoot }: Roots): MachineTerminals {
  const dev = join(root, 'dev');
  if (!isFirstNamespace(procRoot)) {
    // A machine of its own, such as LXC makes, has an init, and a utmp that nobody put there.
    if (isMachineOfItsOwn({ root, procRoot })) return { kind: 'seen', dev };
    return { kind: 'unseen', why: OTHER_PROCESSES };
  }
  const ofInit = join(procRoot, '1', 'root', 'dev');
  const theirs = deviceOf(join(ofInit, 'pts'));
  if (typeof theirs === 'number') {
    return { kind: 'seen', dev: theirs === deviceOf(join(dev, 'pts')) ? dev : ofInit };
  }
  if (theirs === 'ENOENT' || mountsOf(procRoot).get(dev) === 'devtmpfs')
    return { kind: 'seen', dev };
  return { kind: 'unseen', why: OTHER_TERMINALS };
}

/** Whether a process of the machine has ended (V2). */
export function hasEnded(pid: number, { root, procRoot }: Roots): boolean {
  if (!isFirstNamespace(procRoot) && !isMachineOfItsOwn({ root, procRoot })) return false;
  // Where /proc is mounted so that others' processes are hidden, the first one is hidden as well.
  return exists(join(procRoot, '1')) && !exists(join(procRoot, String(pid)));
}

function isFirstNamespace(procRoot: string): boolean {
  try {
    return readlinkSync(join(procRoot, 'self', 'ns', 'pid')) === FIRST_PID_NAMESPACE;
  } catch {
    return false; // What cannot be asked proves nothing.
  }
}

function isMachineOfItsOwn({ root, procRoot }: Roots): boolean {
  const name = readText(join(procRoot, '1', 'comm'), '');
  if (name.kind === 'missing' || !/^(?:systemd|init)\b/.test(name.text)) return false;
  return !mountsOf(procRoot).has(join(root, 'run', 'utmp'));
}

/** The file system's type at each place at which one is mounted. */
function mountsOf(procRoot: string): ReadonlyMap<string, string> {
  const mounts = readText(join(procRoot, 'self', 'mounts'), '');
  if (mounts.kind === 'missing') return new Map();
  return new Map(
    mounts.text.split('\n').flatMap((line) => {
      const [, at, type] = line.split(' ');
      return at === undefined || type === undefined ? [] : [[at, type] as const];
    }),
  );
}

/** The number of the file system; or why it is not known. */
function deviceOf(path: string): number | string {
  try {
    return statSync(path).dev;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
