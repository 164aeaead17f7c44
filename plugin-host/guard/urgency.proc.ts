// The processor for whoever has to freeze updaters: when a person comes back, this process is to run
// before what keeps the processors busy, not when its turn comes.
//
// It is the main thread's own: what this process starts for updaters begins at the lowest priority
// (program.spawn.ts), and what it starts to prepare for them at the lowest or the ordinary one
// (tool.spawn.ts), from whichever it is started. Where the kernel shares processors between sessions
// first (autogroup), a thread's priority counts inside of its session alone; so a process that has a
// session for itself, as a service has, raises that one too.

import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Log } from '../../runtime/log.js';

/** Nine times the weight of a program of the person's; it has hardly anything to do (ours). */
const URGENT_NICE = -10;
/** In /proc/self/stat, after the name, which may itself have spaces and brackets in it. */
const SESSION_FIELD = 3;

/** A machine that does not let it goes on as it was, and the log says so. */
export function beUrgent(log: Log): void {
  try {
    setPriority(URGENT_NICE);
    if (hasOwnSession()) raiseSession();
  } catch (error) {
    log.info({ err: error }, 'no priority over programs of others: a busy machine reacts later');
  }
}

function hasOwnSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[SESSION_FIELD] === String(process.pid);
}

function raiseSession(): void {
  try {
    writeFileSync('/proc/self/autogroup', String(URGENT_NICE));
  } catch (error) {
    // A kernel without autogroup needs none of it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
