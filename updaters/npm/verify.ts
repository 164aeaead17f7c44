// Finds out whether what is in place works. The rule for a program is in sdk/program/diagnosis.ts.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../sdk/failure.js';
import { startProblem } from '../../sdk/program/start.spawn.js';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { installedPackage } from './installed.fs.js';
import { ROOT, workOf, type Target } from './work.js';

export async function verify(call: PerformCall, target: Target): Promise<Outcome> {
  const prefixDir = call.rootDir(ROOT);
  const { packageDir, versionDir } = workOf(call.workDir, target);
  const installed = await installedPackage(prefixDir, target.name);
  if (installed?.version !== target.version) {
    const found = installed === undefined ? 'nothing' : installed.version;
    throw fail(
      'VERIFY_FAILED',
      `${target.name} should be ${target.version}, and ${found} is there`,
    );
  }
  const homeDir = join(versionDir, 'home');
  await mkdir(homeDir, { recursive: true });
  const commands = [...installed.bins.keys()];
  for (const [position, command] of commands.entries()) {
    call.progress(position / commands.length, `starting ${command}`);
    const problem = await startProblem(join(prefixDir, 'bin', command), homeDir, call.signal);
    call.signal.throwIfAborted();
    if (problem !== undefined) {
      throw fail('VERIFY_FAILED', `${command} of ${target.name} does not start: ${problem}`);
    }
  }
  await rm(packageDir, { recursive: true, force: true });
  return { kind: 'succeeded' };
}
