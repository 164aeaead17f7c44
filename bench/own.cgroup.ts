// Control groups of a benchmark's own: left empty and removed, whatever was going on in them.

import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../runtime/deadline.js';

const STEP_MS = 20;
/** How long what runs in one may take to end by itself. */
const ENDING_MS_MAX = 5_000;
const GONE_MS_MAX = 10_000;

export async function removeOwnGroup(dir: string): Promise<void> {
  const startMs = performance.now();
  while (existsSync(dir)) {
    const tookMs = performance.now() - startMs;
    const pids = readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    if (pids.length === 0 || tookMs > GONE_MS_MAX) {
      rmdirSync(dir);
      return;
    }
    if (tookMs > ENDING_MS_MAX) for (const pid of pids) kill(Number(pid));
    await pause(STEP_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
