// Finds out whether what is in place works. The rule for a program is in sdk/program/diagnosis.ts.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, UpdaterFailure } from '../../sdk/failure.js';
import { startProblem } from '../../sdk/program/start.spawn.js';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { installedIn } from './record.fs.js';
import type { Wanted } from './wanted.js';
import { removePlan, ROOT, type Target } from './work.fs.js';

export async function verify(
  call: PerformCall,
  { program, rootPath }: Wanted,
  { version }: Target,
): Promise<Outcome> {
  const dir = call.rootDir(ROOT);
  const installed = await installedIn(dir, rootPath).catch((error: unknown) => {
    // Whoever put it there said what it is.
    if (!(error instanceof UpdaterFailure) || error.reason !== 'ROOT_FOREIGN') throw error;
    const words = `${rootPath} should hold ${version}, and nothing in it says that it does`;
    throw fail('VERIFY_FAILED', words, { cause: error });
  });
  if (installed?.text !== version) {
    const found = installed === undefined ? 'nothing' : installed.text;
    throw fail('VERIFY_FAILED', `${rootPath} should hold ${version}, and ${found} is there`);
  }
  const homeDir = join(call.workDir, 'home');
  await rm(homeDir, { recursive: true, force: true });
  await mkdir(homeDir, { recursive: true });
  call.progress(0.1, `starting ${program}`);
  const problem = await startProblem(join(dir, program), homeDir, call.signal);
  call.signal.throwIfAborted();
  await rm(homeDir, { recursive: true, force: true });
  if (problem !== undefined) {
    throw fail('VERIFY_FAILED', `${program} of ${version} does not start: ${problem}`);
  }
  await removePlan(call.workDir);
  return { kind: 'succeeded' };
}
