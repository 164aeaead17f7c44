// lull fleet: what is about all machines.

import type { Command } from 'commander';
import { askFleet, askRollouts, resumeRollout, stopRollout } from '../commands/fleet.js';
import { parseDuration, releaseSwitch, tripSwitch } from '../commands/orders.js';
import { write } from '../output.js';
import { localTime } from '../show/local-time.js';
import { showFleet, showRollouts } from '../show/fleet.js';
import type { Here } from './here.js';

export function addFleet(program: Command, here: Here): void {
  const fleet = program.command('fleet').description('all machines of a fleet');
  fleet
    .command('hosts')
    .description('every machine that an orchestrator has heard of')
    .action(async () => {
      write(await askFleet(here.runDir()), here.json(), showFleet);
    });
  fleet
    .command('rollout')
    .description('updates on their way through the rings')
    .action(async () => {
      write(await askRollouts(here.runDir()), here.json(), showRollouts);
    });
  fleet
    .command('halt [subject]')
    .description('an update starts nowhere any more; without one: everything stops everywhere, now')
    .requiredOption('--why <text>', 'for whoever asks, and for the audit')
    .option('--for <duration>', 'of everything: at most 14d', '4h')
    .action(async (subject: string | undefined, given: { why: string; for: string }) => {
      if (subject !== undefined) {
        write(await stopRollout(here.runDir(), subject, given.why), here.json(), showRollouts);
        return;
      }
      const forMs = parseDuration(given.for);
      const untilMs = await tripSwitch(here.runDir(), { why: given.why, forMs });
      const said = `nothing runs anywhere until ${localTime(untilMs)}, or "lull fleet resume"`;
      write({ untilMs }, here.json(), () => said);
    });
  fleet
    .command('resume [subject]')
    .description('the rollout of an update goes on; without one: what was halted everywhere does')
    .action(async (subject: string | undefined) => {
      if (subject !== undefined) {
        write(await resumeRollout(here.runDir(), subject), here.json(), showRollouts);
        return;
      }
      await releaseSwitch(here.runDir());
      write({}, here.json(), () => 'the trip switch is off');
    });
}
