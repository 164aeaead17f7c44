// The probe, compiled here, watching while something is done.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CloseStack } from '../../runtime/shutdown.js';
import { CannotRun } from '../benchmark.js';
import { compile } from '../reaction/build-updater.spawn.js';

const source = fileURLToPath(new URL('../../../bench/foreground/probe.c', import.meta.url));

export interface Probe {
  /** Does it, and answers how long each frame took meanwhile, µs. */
  during(act: () => Promise<unknown>): Promise<readonly number[]>;
}

/** @param onStart told of each probe's pid. @throws CannotRun where there is no compiler. */
export async function buildProbe(
  scratch: string,
  onStart: (pid: number) => void,
  opened: CloseStack,
): Promise<Probe> {
  const program = join(scratch, 'probe');
  if (!(await compile(source, program))) {
    throw new CannotRun(
      'gcc is missing: a probe in Node.js would measure itself (apt-get install gcc)',
    );
  }
  let ending: (() => void) | undefined;
  opened.add('probe', { close: () => ending?.() });
  return {
    during: async (act) => {
      const file = join(scratch, 'probe.frames');
      const child = spawn(program, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
      ending = () => child.kill('SIGTERM');
      const us: number[] = [];
      const lines = createInterface({ input: child.stdout });
      const ready = once(lines, 'line');
      const closed = once(lines, 'close');
      await ready;
      onStart(child.pid ?? 0);
      lines.on('line', (line) => us.push(Number(line)));
      try {
        await act();
      } finally {
        ending();
        await closed;
        ending = undefined;
        rmSync(file, { force: true });
      }
      return us;
    },
  };
}
