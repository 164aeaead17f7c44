// Prometheus' own tool for what it is told: the one that is here, or Debian's where set-up has unpacked it.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../architecture/tree.fs.js';

const run = promisify(execFile);
const unpacked = join(repositoryRoot(), 'dist/tools/promtool');
const COMMAND_MS_MAX = 20_000;

const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool', unpacked].find(existsSync);

/** What is missing here, or undefined. */
export const noPromtool = promtool === undefined ? 'needs promtool' : undefined;

/** `promtool …` @returns what it says. @throws with that, where it finds something wrong. */
export async function askPromtool(args: readonly string[]): Promise<string> {
  return (await run(promtool ?? '', [...args], { timeout: COMMAND_MS_MAX })).stdout;
}
