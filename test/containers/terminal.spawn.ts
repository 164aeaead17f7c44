// Somebody at a terminal of this machine, who types.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';

const START_MS_MAX = 10_000;

export interface TypedAt extends Closeable {
  /** Below /dev: "pts/3". */
  readonly line: string;
  readonly pid: number;
}

export async function typeAtTerminal(): Promise<TypedAt> {
  const child = spawn('script', ['--quiet', '--flush', '--command', 'tty; cat', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const first = once(lines, 'line') as Promise<[string]>;
  const [path] = await within(first, START_MS_MAX, 'a terminal of its own');
  child.stdin.write('somebody types\n');
  return {
    line: path.trim().replace('/dev/', ''),
    pid: child.pid ?? 0,
    close: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
