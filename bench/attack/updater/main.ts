// The updater that attacks: its one update is an installation that takes all there is, in a child. With
// an attack and a directory for arguments it is that child, or the same program run plainly.

import { spawn } from 'node:child_process';
import { serve } from '../../../sdk/serve.js';
import type { PerformCall, UpdateFound } from '../../../sdk/updater.js';
import { attackForEver, type Attack } from '../attacks.js';

const [attack, directory] = process.argv.slice(2);
if (attack !== undefined && directory !== undefined) {
  await attackForEver(attack as Attack, directory);
}

await serve({
  describe: {
    name: 'dev.lull.bench-attack',
    version: '0.1.0',
    capabilities: {},
    software: ['nothing'],
  },
  scan,
  perform: async (call) => {
    await attackUntilCut(call);
    return { kind: 'succeeded' };
  },
});

async function* scan(): AsyncGenerator<UpdateFound> {
  const found = { title: 'bench', toVersion: '2.0.0', nextAction: 'install' } as const;
  yield await Promise.resolve({ id: 'bench', ...found });
}

/** One that the kernel has ended attacks anew. */
async function attackUntilCut(call: PerformCall): Promise<void> {
  const { workDir, settings, signal } = call;
  const [program = ''] = process.argv.slice(1);
  const words = [program, settings.get('attack') ?? 'forks', workDir];
  call.notice('it attacks');
  while (!signal.aborted) {
    const child = spawn(process.execPath, words, { stdio: 'ignore' });
    const cut = (): boolean => child.kill('SIGKILL');
    signal.addEventListener('abort', cut, { once: true });
    await new Promise((end) => child.once('exit', end).once('error', end));
    signal.removeEventListener('abort', cut);
  }
}
