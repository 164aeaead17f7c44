// What a tool left running: looked for in /proc, and ended.
//
// In a sandbox the updater is the first process, and all others are its tool's, also those that made
// themselves a session of their own. Anywhere else, as in tests, only the tool's process group is known.

import { readdirSync, readFileSync } from 'node:fs';

const isFirst = process.pid === 1;

/** Ends at once what is left of the tool whose process group this is. @returns whether anything was. */
export function endLeftBehind(group: number): boolean {
  const some = readdirSync('/proc').some((name) => /^\d+$/.test(name) && isOfTool(name, group));
  kill(group);
  return some;
}

/** Ends all of it. To no process but the first does -1 mean only what the tool started. */
export function kill(group: number): void {
  signalGroup(isFirst ? 1 : group, 'SIGKILL');
}

/** What has ended by itself is fine. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Nothing of what has ended and nobody has asked for: it does nothing any more. */
function isOfTool(pid: string, group: number): boolean {
  // The name in brackets may hold blanks and brackets; what follows it does not.
  const [state, , processGroup] = stat(pid)
    .replace(/^.*\) /s, '')
    .split(' ');
  if (state === undefined || state === '' || 'ZX'.includes(state)) return false;
  return isFirst ? pid !== '1' : Number(processGroup) === group;
}

/** '' where it has ended since. */
function stat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
