// Finds out whether what is in place works. The rule for a program is in diagnosis.ts.

import { spawn } from 'node:child_process';
import { mkdir, open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { whenAwakeFor } from '../../sdk/awake.js';
import { fail } from '../../sdk/failure.js';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { problemOf, type Ending } from './diagnosis.js';
import { installedPackage } from './installed.fs.js';
import { ROOT, workOf, type Target } from './work.js';

const PROGRAM_MS_MAX = 10_000;
const STDERR_BYTES_MAX = 8 * 1024;

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
    const problem = await tryCommand(join(prefixDir, 'bin', command), homeDir, call.signal);
    call.signal.throwIfAborted();
    if (problem !== undefined) {
      throw fail('VERIFY_FAILED', `${command} of ${target.name} does not start: ${problem}`);
    }
  }
  await rm(packageDir, { recursive: true, force: true });
  return { kind: 'succeeded' };
}

/** What is wrong with a command, or undefined. */
async function tryCommand(
  link: string,
  homeDir: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let file: string;
  try {
    file = await realpath(link);
  } catch (error) {
    return `its link leads nowhere (${(error as Error).message})`;
  }
  // By its own first line "env" would have to find the same Node.js again.
  const argv = (await isNodeScript(file)) ? [process.execPath, file] : [file];
  return problemOf(await endingOf([...argv, '--version'], homeDir, signal));
}

async function isNodeScript(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    const firstLine = buffer.toString('latin1', 0, bytesRead).split('\n')[0] ?? '';
    return firstLine.startsWith('#!') ? /\bnode\b/.test(firstLine) : /\.[cm]?js$/.test(file);
  } finally {
    await handle.close();
  }
}

async function endingOf(
  [program = '', ...args]: readonly string[],
  homeDir: string,
  signal: AbortSignal,
): Promise<Ending> {
  const child = spawn(program, args, {
    cwd: homeDir,
    env: { PATH: process.env['PATH'] ?? '', HOME: homeDir, TMPDIR: homeDir },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, so that what the program starts ends with it.
    detached: true,
  });
  let stderr = '';
  let timedOut = false;
  const endGroup = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const stopTimer = whenAwakeFor(PROGRAM_MS_MAX, () => {
    timedOut = true;
    endGroup();
  });
  signal.addEventListener('abort', endGroup, { once: true });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_BYTES_MAX);
  });
  try {
    return await new Promise<Ending>((resolve, reject) => {
      child.once('exit', (exitCode, how) => {
        // What the program left behind would hold its output open.
        endGroup();
        child.once('close', () => {
          resolve({ exitCode, signal: how, timedOut, stderr });
        });
      });
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (child.pid !== undefined) reject(error);
        else resolve({ exitCode: 127, signal: null, timedOut, stderr: error.message });
      });
    });
  } finally {
    stopTimer();
    signal.removeEventListener('abort', endGroup);
  }
}
