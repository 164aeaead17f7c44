// Removing a directory that an updater could write into. It can make one that is deeper than any path
// can be long, step by step; `rm` goes down in steps as well.

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COMMAND_MS_MAX = 120_000;

export async function removeTree(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
    const options = { timeout: COMMAND_MS_MAX, env, cwd: '/' };
    await run('rm', ['-rf', '--one-file-system', '--', dir], options);
  }
}
