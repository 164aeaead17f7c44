// What processes have open and what they are, by /proc: in slices, because a machine may have
// thousands, and an edge that arrives meanwhile must not wait for the rest.

import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A slice takes about a millisecond. */
const SLICE_COUNT = 100;
const PROCESSES_MAX = 20_000;
const FILES_MAX = 4_096;

/** Calls `look` for every process, pausing between slices; ends early when it returns true. */
export async function anyProcess(
  procRoot: string,
  look: (directory: string) => boolean,
): Promise<boolean> {
  const names = readdirSync(procRoot).filter((name) => /^\d+$/.test(name));
  for (const [position, name] of names.slice(0, PROCESSES_MAX).entries()) {
    if (position % SLICE_COUNT === SLICE_COUNT - 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (look(join(procRoot, name))) return true;
  }
  return false;
}

/** Where a link of /proc leads; undefined when the process has ended or is not ours to look at. */
export function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a process has one of `paths` open; undefined when it may not be looked at. */
export function holdsOpen(
  directory: string,
  paths: ReadonlySet<string>,
): boolean | 'not permitted' {
  let names: string[];
  try {
    names = readdirSync(join(directory, 'fd'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not permitted' : false;
  }
  return names.slice(0, FILES_MAX).some((name) => {
    const target = linkAt(join(directory, 'fd', name));
    return target !== undefined && paths.has(target);
  });
}
