// lull health.

import { Option, type Command } from 'commander';
import { askHealth } from '../commands/health.js';
import { parts, type Part } from '../commands/parts.js';
import { write } from '../output.js';
import { showHealth } from '../show/health.js';
import type { Here } from './here.js';

export function addHealth(program: Command, here: Here): void {
  program
    .command('health')
    .description('whether what runs here answers: exit code 0, otherwise 1')
    .addOption(
      new Option('--only <part...>', 'what has to be there; without it, what is')
        .choices(parts)
        .default([]),
    )
    .action(async (given: { only: Part[] }) => {
      const found = await askHealth(here.runDir(), given.only);
      write(found, here.json(), showHealth);
      if (found.some(({ healthy }) => !healthy)) process.exitCode = 1;
    });
}
