// unattended-upgrades told to stop in mid-run, where it is installed. A rehearsal of it: nothing of
// the machine is changed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { pause } from '../../runtime/deadline.js';

const PROGRAM = '/usr/bin/unattended-upgrade';
/** It reads its lists first; then it works on what it found. */
const UNTIL_MID_RUN_MS = 2_000;
const STOP_MS_MAX = 60_000;

/** @returns ms from SIGTERM to its end, or why there is no such figure. */
export async function stopUnattendedUpgrades(): Promise<number | string> {
  if (!existsSync(PROGRAM)) return 'not installed';
  const child = spawn(PROGRAM, ['--dry-run'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const early = await Promise.race([exited, pause(UNTIL_MID_RUN_MS)]);
  if (early !== true) return 'had nothing to do';
  const startMs = performance.now();
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(late);
  return performance.now() - startMs;
}
