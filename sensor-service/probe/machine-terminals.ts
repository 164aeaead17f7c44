// Whether the terminals that are seen here are those that utmp and logind tell of. In a container they may
// not be: it has terminals and numbers of processes of its own, and the same names.
//
// Invariant: V1. What may be another machine's is not looked at: whoever cannot see a terminal says so.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isMachineOfItsOwn, mountsOf, seesProcesses, type Roots } from './machine-processes.js';

const OTHER_PROCESSES =
  'the machine’s processes are not seen in this container, and so not whose its terminals are; start it with --pid=host';
const OTHER_TERMINALS =
  'the machine’s terminals are not seen in this container; start it with -v /dev:/dev';

export type MachineTerminals =
  /** The directory in which they lie. */
  | { readonly kind: 'seen'; readonly dev: string }
  | { readonly kind: 'unseen'; readonly why: string };

export function machineTerminals(roots: Roots): MachineTerminals {
  const { root, procRoot } = roots;
  const dev = join(root, 'dev');
  if (!seesProcesses(roots)) return { kind: 'unseen', why: OTHER_PROCESSES };
  if (isMachineOfItsOwn(roots)) return { kind: 'seen', dev };
  const ofInit = join(procRoot, '1', 'root', 'dev');
  const theirs = deviceOf(join(ofInit, 'pts'));
  if (typeof theirs === 'number') {
    return { kind: 'seen', dev: theirs === deviceOf(join(dev, 'pts')) ? dev : ofInit };
  }
  if (theirs === 'ENOENT' || mountsOf(procRoot).get(dev) === 'devtmpfs')
    return { kind: 'seen', dev };
  return { kind: 'unseen', why: OTHER_TERMINALS };
}

/** The number of the file system; or why it is not known. */
function deviceOf(path: string): number | string {
  try {
    return statSync(path).dev;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
