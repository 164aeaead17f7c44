import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { spentIn } from './cost.proc.js';

/** A shell, and whatever it starts, until that is looked at. */
async function withShell(script: string, look: (pid: number) => Promise<void>): Promise<void> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn('sh', ['-c', script], { stdio: [...stdio], detached: true });
  const ended = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    await look(child.pid ?? 0);
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
  }
}

const BUSY = 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done';

// In each the shell itself only waits.
test.each([
  ['is still there', `(echo up; while :; do ${BUSY}; done) & wait`],
  ['has ended meanwhile', `echo up; while :; do (${BUSY}); done`],
])('what a process has started, and %s, counts as its own', async (_name, script) => {
  await withShell(script, async (pid) => {
    const [spent] = await spentIn(600, [[pid]]);
    expect(spent?.cpuPercent).toBeGreaterThan(10);
  });
});

test('of memory that is shared a part is counted, and all of it as resident', async () => {
  await withShell('echo up; while :; do sleep 1; done', async (pid) => {
    const [spent] = await spentIn(1, [[pid]]);
    expect(spent?.rssMb).toBeGreaterThan(spent?.pssMb ?? Infinity);
  });
});
