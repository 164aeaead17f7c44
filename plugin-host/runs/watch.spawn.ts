// Watches a work directory that has no bound of its own: measures it, and tells when it holds more than
// it may. Between two looks an updater can write for a second; the quota of a file system cannot be
// outrun like that, so the self-test does not count this as one.
//
// Invariants:
//   W1. What is measured is hostile: `du` follows no link, and is given up when it takes too long; what
//       cannot be measured counts as too much.
//   W2. A large directory is looked at less often: measuring takes a twentieth of the time at most.
//   W3. While what it watches stands still nothing is measured; what was written before is, afterwards.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { lowestPriority } from '../sandbox/tool.spawn.js';

const run = promisify(execFile);
const EVERY_MS = 1_000;
const REST = 20;
const LOOK_MS_MAX = 30_000;
/** As many as a work directory with a quota has. */
const NAMES_MAX = 262_144;

export function watchWork(deps: {
  readonly dir: string;
  readonly bytesMax: number;
  readonly clock: Clock;
  /** Whether nobody can write now: a person may be there, and nothing is measured. */
  readonly stands: () => boolean;
  readonly onOver: () => void;
}): Closeable {
  const { dir, bytesMax, clock, stands, onOver } = deps;
  const over = new AbortController();
  let cancel: CancelTimer = () => undefined;

  async function look(): Promise<void> {
    const startedMs = clock.now().monotonicMs;
    const tooMuch = await holdsMore(dir, bytesMax, over.signal);
    if (over.signal.aborted) return;
    if (tooMuch) {
      onOver();
      return;
    }
    const tookMs = clock.now().monotonicMs - startedMs;
    cancel = clock.after(Math.max(EVERY_MS, tookMs * REST), begin); // W2
  }

  function begin(): void {
    if (stands())
      cancel = clock.after(EVERY_MS, begin); // W3
    else void look();
  }

  cancel = clock.after(EVERY_MS, begin);
  return {
    close: () => {
      over.abort();
      cancel();
    },
  };
}

async function holdsMore(dir: string, bytesMax: number, signal: AbortSignal): Promise<boolean> {
  const bytes = await measured(['--block-size=1'], dir, signal);
  return bytes > bytesMax || (await measured(['--inodes'], dir, signal)) > NAMES_MAX;
}

/** W1. */
async function measured(how: readonly string[], dir: string, signal: AbortSignal): Promise<number> {
  const options = { timeout: LOOK_MS_MAX, signal, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } };
  const du = ['du', '--summarize', '--one-file-system', ...how, '--', dir];
  const [program = '', ...args] = [...lowestPriority().prefix, ...du];
  // What is removed while it is measured makes du complain; the sum is there all the same.
  const said = await run(program, args, options).catch((error: unknown) => error);
  const { stdout = '', killed = false } = said as { stdout?: string; killed?: boolean };
  const sum = Number.parseInt(stdout, 10);
  return killed || Number.isNaN(sum) ? Number.POSITIVE_INFINITY : sum;
}
