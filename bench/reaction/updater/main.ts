// The updater that is stopped: its one update is an installation that never ends, made of busy and
// forking children that stamp the time as often as they can.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '../../../sdk/serve.js';
import type { PerformCall } from '../../../sdk/updater.js';

/** As often as an installation speaks. */
const PROGRESS_MS = 100;

await serve({
  describe: {
    name: 'dev.lull.bench-busy',
    version: '0.1.0',
    capabilities: {},
    software: ['nothing'],
  },
  scan: () =>
    oneOf({ id: 'bench', title: 'bench', toVersion: '2.0.0', nextAction: 'install' as const }),
  perform: async (call) => {
    await stampUntilCut(call);
    return { kind: 'succeeded' };
  },
});

async function* oneOf<T>(only: T): AsyncGenerator<T> {
  yield await Promise.resolve(only);
}

/** Children are compiled where the machine has a compiler, else they are Node.js as well. */
function stampUntilCut(call: PerformCall): Promise<void> {
  const { workDir, settings, signal } = call;
  const file = join(workDir, settings.get('stamps') ?? 'stamps');
  const compiled = existsSync('stamper');
  const [program, ...first] = compiled ? ['./stamper'] : [process.execPath, 'stamper.mjs'];
  const count = settings.get('children') ?? '1';
  const child = spawn(program, [...first, file, count], { stdio: 'inherit' });
  const beat = setInterval(() => {
    call.progress(0.5, 'stamping');
  }, PROGRESS_MS);
  signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, how) => {
      clearInterval(beat);
      if (signal.aborted) resolve();
      else reject(new Error(`the stamper ended with ${String(code ?? how)}`));
    });
  });
}
