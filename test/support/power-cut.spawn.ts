// The power-cut rig, as tests run it.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const rig = fileURLToPath(new URL('../power-cut/main.js', import.meta.url));
/** A minute or two; several times that beside other tests. */
const RIG_MS_MAX = 600_000;
export const CUT_MS_MAX = RIG_MS_MAX + 30_000;

/** By hand others are tried: `node dist/test/power-cut/main.js SUBJECT chance SEED`. */
const SEED = '1';

/** What of the kernel's own writing is on the disk at each step, and in words. */
export const syncs = [
  ['names', 'the names of everything are on the disk, and of its content what was asked for'],
  ['everything', 'everything is on the disk'],
  ['chance', `some of it is on the disk (seed ${SEED})`],
] as const;

/** As the rig prints it. */
interface Report {
  readonly images: number;
  readonly problems: readonly string[];
}

export async function cut(subject: string, sync: string): Promise<Report> {
  const args = [rig, subject, sync, SEED];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: RIG_MS_MAX });
  return JSON.parse(stdout) as Report;
}
