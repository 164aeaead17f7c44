// lull fleet: what is about all machines.

import type { Command } from 'commander';
import { askFleet } from '../commands/fleet.js';
import { write } from '../output.js';
import { showFleet } from '../show/fleet.js';
import type { Here } from './here.js';

export function addFleet(program: Command, here: Here): void {
  const fleet = program.command('fleet').description('all machines of a fleet');
  fleet
    .command('hosts')
    .description('every machine that an orchestrator has heard of')
    .action(async () => {
      write(await askFleet(here.runDir()), here.json(), showFleet);
    });
}
