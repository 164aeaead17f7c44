// lull fleet: what is about all machines.

import { Option, type Command } from 'commander';
import type { CopiesFlags } from '../commands/copies.js';
import {
  askFleet,
  askGroups,
  askRollouts,
  releasePlace,
  resumeRollout,
  stopRollout,
} from '../commands/fleet.js';
import { releaseSwitch, tripSwitch } from '../commands/orders.js';
import { copiesFrom } from '../commands/journal-place.js';
import { duration } from '../commands/numbers.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { showCopies, showGiven, showLook } from '../show/copies.js';
import { localTime } from '../show/local-time.js';
import { showFleet, showGroups, showRollouts } from '../show/fleet.js';
import type { Here } from './here.js';
import { A_SUBJECT } from './subject.js';

const HALT_FOR = '4h';
const COPIES_WITHIN = '10m';

export function addFleet(program: Command, here: Here): void {
  const fleet = program.command('fleet').description('all machines of a fleet');
  fleet
    .command('hosts')
    .description('every machine that an orchestrator has heard of')
    .action(async () => {
      write(await askFleet(here.fleet()), here.json(), showFleet);
    });
  fleet
    .command('groups')
    .description('how many machines of a group may change something at once, and which do')
    .action(async () => {
      write(await askGroups(here.fleet()), here.json(), showGroups);
    });
  fleet
    .command('release <group> <machine>')
    .description('take a place in a group back from a machine that is gone for good')
    .action(async (group: string, machine: string) => {
      await releasePlace(here.fleet(), group, machine);
      write({ group, machine }, here.json(), () => `${machine} has no place in ${group}`);
    });
  fleet
    .command('copies [count]')
    .description(
      'how many copies there are of what the fleet keeps; with a count: so many, at least',
    )
    .addOption(natsOption())
    .option('--nats-creds <file>', 'those of a keeper, see "lull keys" (LULL_NATS_CREDS)')
    .option('--within <duration>', 'how long is waited until they are up to date', COPIES_WITHIN)
    .action(async (count: string | undefined, flags: CopiesFlags & { within: string }) => {
      await copiesOf(count, flags, here);
    });
  fleet
    .command('rollout')
    .description('updates on their way through the rings')
    .action(async () => {
      write(await askRollouts(here.fleet()), here.json(), showRollouts);
    });
  fleet
    .command('halt')
    .description('an update starts nowhere any more; without one: everything stops everywhere, now')
    .argument('[subject]', A_SUBJECT)
    .requiredOption('--why <text>', 'for whoever asks, and for the audit')
    .option('--for <duration>', `of everything: at most 14d; without it ${HALT_FOR}`)
    .action(async (subject: string | undefined, given: { why: string; for?: string }) => {
      if (subject !== undefined) {
        if (given.for !== undefined) {
          const why = 'the rollout of an update is halted until "lull fleet resume"';
          throw new CommandError(`--for goes with a halt of everything: ${why}; leave it out`, 2);
        }
        write(await stopRollout(here.fleet(), subject, given.why), here.json(), showRollouts);
        return;
      }
      const forMs = duration('--for', given.for ?? HALT_FOR);
      const untilMs = await tripSwitch(here.fleet(), { why: given.why, forMs });
      const said = `nothing runs anywhere until ${localTime(untilMs)}, or "lull fleet resume"`;
      write({ untilMs }, here.json(), () => said);
    });
  fleet
    .command('resume')
    .description('the rollout of an update goes on; without one: what was halted everywhere does')
    .argument('[subject]', A_SUBJECT)
    .action(async (subject: string | undefined) => {
      if (subject !== undefined) {
        write(await resumeRollout(here.fleet(), subject), here.json(), showRollouts);
        return;
      }
      await releaseSwitch(here.fleet());
      write({}, here.json(), () => 'the trip switch is off');
    });
}

function natsOption(): Option {
  const what = "the fleet's server: nats://host:port or tls://, several with commas";
  return new Option('--nats <url>', what).env('LULL_NATS').makeOptionMandatory();
}

/** The code that speaks to NATS is loaded here alone. */
async function copiesOf(
  text: string | undefined,
  flags: CopiesFlags & { readonly within: string },
  here: Here,
): Promise<void> {
  const withinMs = duration('--within', flags.within);
  const count = text === undefined ? undefined : copiesFrom(text, 'COUNT');
  const { askCopies, giveCopies } = await import('../commands/copies.js');
  if (count === undefined) {
    write(await askCopies(flags), here.json(), showCopies);
    return;
  }
  const onTerminal = process.stderr.isTTY;
  const onLine = (words: string): void => {
    if (onTerminal) process.stderr.write(`\r\u001b[K${words}`);
  };
  const giving = giveCopies(flags, { count, withinMs }, (now, beforeCount) => {
    onLine(showLook(now, beforeCount));
  });
  const given = await giving.finally(() => {
    onLine('');
  });
  write(given, here.json(), (all) => showGiven(all, count));
}
