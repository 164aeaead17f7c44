// Many lives, in a process of their own: what a test runner puts around a test makes a life half as slow
// again, and nothing of it is needed here. What fails says its seed, and the command is the one that
// shows it again.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
/** Many times what it takes: a machine under load is no bug. */
export const STORMS_MS_MAX = 600_000;

/** @returns what is told of them at their end. @throws with the seed of the first one that went wrong. */
export async function liveMany(
  first: number,
  count: number,
  msMax = STORMS_MS_MAX,
): Promise<string> {
  const args = [MAIN, '--seed', String(first), '--count', String(count)];
  const options = { timeout: msMax, killSignal: 'SIGKILL' } as const;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    return stdout;
  } catch (error) {
    const { stderr, killed } = error as { stderr: string; killed: boolean };
    const last = stderr.split('\r').at(-1) ?? '';
    const ended = killed ? ` did not end within ${String(msMax / 1_000)} s in all` : '';
    throw new Error(`${last.trim()}${ended}`, { cause: error });
  }
}
