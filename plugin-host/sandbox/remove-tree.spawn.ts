// Removing a directory that an updater could write into. It can make one that is deeper than any path
// can be long, step by step; `rm` goes down in steps as well.

import { rm } from 'node:fs/promises';
import { systemTools } from './tool.spawn.js';

const COMMAND_MS_MAX = 120_000;

export async function removeTree(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    await systemTools().heavy('rm', ['-rf', '--one-file-system', '--', dir], COMMAND_MS_MAX);
  }
}
