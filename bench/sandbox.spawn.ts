// What a benchmark of the real Lull needs: root, and an OCI runtime.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CannotRun } from './benchmark.js';

const run = promisify(execFile);
const ASK_MS_MAX = 10_000;

/** @throws CannotRun */
export async function requireSandbox(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new CannotRun('updaters are confined as root: run it as root');
  try {
    await run('runc', ['--version'], { timeout: ASK_MS_MAX });
  } catch {
    throw new CannotRun('runc is missing: install it (apt-get install runc)');
  }
}
