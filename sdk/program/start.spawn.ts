// Starting a program to see whether it does. The rule is in diagnosis.ts.

import { spawn } from 'node:child_process';
import { open, realpath } from 'node:fs/promises';
import { whenAwakeFor } from '../awake.js';
import { headProblem, problemOf, type Ending } from './diagnosis.js';

const PROGRAM_MS_MAX = 10_000;
const STDERR_BYTES_MAX = 8 * 1024;

/**
 * Starts a program with `--version`, by the file itself or a link to it.
 * @param homeDir a directory of its own: where it starts, and its home.
 * @returns what is wrong with it, or undefined. After an abort of `signal` the answer means nothing.
 */
export async function startProblem(
  path: string,
  homeDir: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let file: string;
  try {
    file = await realpath(path);
  } catch (error) {
    return `it is not there, or its link leads nowhere (${(error as Error).message})`;
  }
  const head = await headOf(file);
  const problem = headProblem(head, await headOf(process.execPath));
  if (problem !== undefined) return problem;
  // By its own first line "env" would have to find the same Node.js again.
  const argv = isNodeScript(file, head) ? [process.execPath, file] : [file];
  return problemOf(await endingOf([...argv, '--version'], homeDir, signal));
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function isNodeScript(file: string, head: Buffer): boolean {
  const firstLine = head.toString('latin1').split('\n')[0] ?? '';
  return firstLine.startsWith('#!') ? /\bnode\b/.test(firstLine) : /\.[cm]?js$/.test(file);
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
