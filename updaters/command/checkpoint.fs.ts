// A directory of each run that outlives its attempts: empty in the first, and then as the tool left it when
// it was killed. It goes when the run has an outcome.
//
//   runs/<digest of the run's id>
//
// A run whose outcome nobody heard of leaves one behind, so only the latest RUNS_MAX are kept.

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const RUNS_MAX = 8;

/** @returns its path. */
export async function openCheckpoint(workDir: string, runId: string): Promise<string> {
  const runs = join(workDir, 'runs');
  const name = createHash('sha256').update(runId).digest('hex').slice(0, 32);
  await mkdir(join(runs, name), { recursive: true });
  const others = (await readdir(runs)).filter((each) => each !== name);
  if (others.length >= RUNS_MAX) await removeOldest(runs, others);
  return join(runs, name);
}

async function removeOldest(runs: string, others: readonly string[]): Promise<void> {
  const dated = await Promise.all(
    others.map(async (each) => ({ each, atMs: (await stat(join(runs, each))).mtimeMs })),
  );
  dated.sort((one, other) => other.atMs - one.atMs);
  for (const { each } of dated.slice(RUNS_MAX - 1)) await rm(join(runs, each), { recursive: true });
}
