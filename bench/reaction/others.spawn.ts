// Other people's programs: one busy loop for each processor, at the ordinary priority.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import type { Closeable } from '../../runtime/shutdown.js';

export function keepBusy(): Closeable {
  const loops = cpus().map(() => {
    const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    return { child, ended: once(child, 'exit') };
  });
  let closing: Promise<unknown> | undefined;
  return {
    close: async () => {
      for (const { child } of loops) child.kill('SIGKILL');
      closing ??= Promise.all(loops.map(({ ended }) => ended));
      await closing;
    },
  };
}
