// lull policy: whether a file is one, before it counts. Nothing has to run for that.

import type { Command } from 'commander';
import { write } from '../output.js';
import type { Here } from './here.js';

export function addPolicy(program: Command, here: Here): void {
  program
    .command('policy')
    .description('the policy file: check it')
    .command('check <file>')
    .description('whether Lull would take it; every problem at once, and exit code 1, when not')
    .action(async (file: string) => {
      const { readPolicy } = await import('../policy-file.fs.js');
      const { saysNothing } = await import('../../orchestrator/policy/file.parse.js');
      const { text } = readPolicy(file);
      const isEmpty = saysNothing(text);
      write({ file, saysNothing: isEmpty }, here.json(), () =>
        isEmpty
          ? `${file} says nothing: at a start the defaults hold; a Lull that runs takes it only with {} in it`
          : `${file} is a policy`,
      );
    });
}
