// What processes have open and what they are, by /proc: in slices, because a machine may have
// thousands, and one process thousands of open files, and an edge that arrives meanwhile must not wait
// for the rest.
//
// Invariant: O1. Nothing that was not looked at counts as looked at: a list that is not whole, by a bound,
// because others' processes are hidden, or because a container shows its own alone, is said to be so.

import { opendirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { OTHER_PROCESSES, seesProcesses, type Roots } from './machine-processes.js';

/** Names and links that are read in a slice, of a few microseconds each: a slice takes about a millisecond. */
const SLICE_LOOKS = 150;
const PROCESSES_MAX = 20_000;
const FILES_MAX = 4_096;
const TOO_MANY = 'there are more processes than are looked through';
const HIDDEN = 'not every process is shown here; run the sensor-service as root';

/** Lets what is waiting come first after each slice. */
class Slices {
  private looks = 0;

  /** Counts a look. @returns whether the slice is over. */
  isOver(): boolean {
    this.looks += 1;
    return this.looks % SLICE_LOOKS === 0;
  }

  pause(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Processes {
  /** A look found what it looked for. */
  readonly found: boolean;
  /** Why not every process of the machine was there to be looked at. */
  readonly unseen?: string;
}

/** Calls `look` for every process, pausing between slices; ends early when it returns true. */
export async function anyProcess(
  roots: Roots,
  look: (directory: string, slices: Slices) => boolean | Promise<boolean>,
): Promise<Processes> {
  const { procRoot } = roots;
  const slices = new Slices();
  let [count, hasFirst] = [0, false];
  for (const name of namesIn(procRoot)) {
    if (slices.isOver()) await slices.pause();
    if (!/^\d+$/.test(name)) continue;
    hasFirst ||= name === '1';
    count += 1;
    if (count > PROCESSES_MAX) return { found: false, unseen: TOO_MANY };
    const answer = look(join(procRoot, name), slices);
    if (answer === true || (answer !== false && (await answer))) return { found: true };
  }
  if (!seesProcesses(roots)) return { found: false, unseen: OTHER_PROCESSES }; // O1
  // Where others' processes are hidden (hidepid), so is the first of all.
  return hasFirst ? { found: false } : { found: false, unseen: HIDDEN };
}

type Link =
  | { readonly kind: 'leads'; readonly to: string }
  /** It ended meanwhile, or there is no such thing: a kernel thread has no executable. */
  | { readonly kind: 'none' }
  | { readonly kind: 'not permitted' };

/** Where a link of /proc leads. */
export function linkAt(path: string): Link {
  try {
    return { kind: 'leads', to: readlinkSync(path) };
  } catch (error) {
    return { kind: isNotPermitted(error) ? 'not permitted' : 'none' };
  }
}

/** Whether a process has one of `paths` open. */
export async function holdsOpen(
  directory: string,
  paths: ReadonlySet<string>,
  slices: Slices,
): Promise<boolean | 'not permitted' | 'too many'> {
  const files = join(directory, 'fd');
  let count = 0;
  try {
    for (const name of namesIn(files)) {
      if (slices.isOver()) await slices.pause();
      count += 1;
      if (count > FILES_MAX) return 'too many'; // O1
      const link = linkAt(join(files, name));
      if (link.kind === 'leads' && paths.has(link.to)) return true;
    }
    return false;
  } catch (error) {
    return isNotPermitted(error) ? 'not permitted' : false;
  }
}

/** One after another, as they are asked for: nobody waits for the list of a hundred thousand. */
function* namesIn(path: string): Generator<string> {
  const directory = opendirSync(path);
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      yield entry.name;
    }
  } finally {
    directory.closeSync();
  }
}

function isNotPermitted(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}
