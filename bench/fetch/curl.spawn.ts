// curl, as a person would call it; and what Lull does besides, done by hand.

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CannotRun } from '../benchmark.js';

const run = promisify(execFile);
const DOWNLOAD_MS_MAX = 300_000;

/** @returns wall time, ms. @throws CannotRun */
export async function curl(url: string, scratch: string): Promise<number> {
  const file = join(scratch, 'curl');
  try {
    return await timed('curl', ['--silent', '--fail', '--output', file, url]);
  } finally {
    await rm(file, { force: true });
  }
}

/** The same, hashed and on the disk. */
export async function curlAndProve(url: string, scratch: string): Promise<number> {
  const file = join(scratch, 'curl');
  const command = 'curl --silent --fail "$1" | tee "$0" | sha256sum > /dev/null && sync "$0"';
  try {
    return await timed('sh', ['-c', command, file, url]);
  } finally {
    await rm(file, { force: true });
  }
}

async function timed(program: string, args: readonly string[]): Promise<number> {
  const startMs = performance.now();
  try {
    await run(program, args, { timeout: DOWNLOAD_MS_MAX });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing ? new CannotRun('curl is missing: install it (apt-get install curl)') : error;
  }
  return performance.now() - startMs;
}
