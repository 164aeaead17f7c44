// What an operator orders: run-now, hold, veto, the trip switch.

import type { Command } from 'commander';
import {
  liftHold,
  liftVeto,
  listOrders,
  placeHold,
  placeVeto,
  releaseSwitch,
  runNow,
  tripSwitch,
} from '../commands/orders.js';
import { duration } from '../commands/numbers.js';
import { write } from '../output.js';
import { indented } from '../show/folded.js';
import { localTime } from '../show/local-time.js';
import { showOrders } from '../show/orders.js';
import { showWanted } from '../show/subjects.js';
import type { Here } from './here.js';
import { A_SUBJECT } from './subject.js';

export function addOrders(program: Command, here: Here): void {
  /** With what else stands in the way: whoever lifts one, or mistypes it, hears of the others. */
  const writeLifted = async (answer: object, words: string): Promise<void> => {
    const { json } = here.json();
    const left = json ? [] : await listOrders(here.orchestrator());
    write(answer, { json }, () =>
      left.length === 0
        ? words
        : `${words}; still in force:\n${indented(showOrders(left, here.page()))}`,
    );
  };

  program
    .command('run-now')
    .description("run an update, or an updater's scan, now: comfort is not asked, safety is")
    .argument('<subject>', A_SUBJECT)
    .action(async (subject: string) => {
      const stands = await runNow(here.orchestrator(), subject);
      write(stands ?? { subject }, here.json(), () =>
        stands === undefined ? `${subject} starts` : showWanted(stands, here.page()),
      );
    });

  program
    .command('hold')
    .description('hold an update, or all of an updater, back')
    .argument('<subject>', A_SUBJECT)
    .requiredOption('--why <text>', 'for whoever asks, and for the audit')
    .option('--for <duration>', 'at most 95d', '95d')
    .action(async (subject: string, given: { why: string; for: string }) => {
      const forMs = duration('--for', given.for);
      const untilMs = await placeHold(here.orchestrator(), { subject, why: given.why, forMs });
      write(
        { subject, untilMs },
        here.json(),
        () => `${subject} is held until ${localTime(untilMs)}`,
      );
    });
  program
    .command('unhold')
    .description('lift a hold')
    .argument('<subject>', A_SUBJECT)
    .action(async (subject: string) => {
      await liftHold(here.orchestrator(), subject);
      await writeLifted({ subject }, `no order holds ${subject}`);
    });

  const veto = program
    .command('veto')
    .description('object to updates for a while; list every order in force');
  veto
    .command('add')
    .description('object to everything that would start, or runs')
    .requiredOption('--owner <name>', 'who objects')
    .requiredOption('--why <text>', 'for whoever asks, and for the audit')
    .option('--for <duration>', 'at most 14d', '4h')
    .action(async (given: { owner: string; why: string; for: string }) => {
      const { owner, why } = given;
      const placed = await placeVeto(here.orchestrator(), {
        owner,
        why,
        forMs: duration('--for', given.for),
      });
      write(
        placed,
        here.json(),
        ({ vetoId, untilUnixMs }) => `${vetoId} until ${localTime(Number(untilUnixMs))}`,
      );
    });
  veto
    .command('list', { isDefault: true })
    .description('holds, vetoes and the trip switch in force')
    .action(async () => {
      const orders = await listOrders(here.orchestrator());
      write(orders, here.json(), (all) => showOrders(all, here.page()));
    });
  veto
    .command('remove <id>')
    .description('lift one, by its id in the list')
    .action(async (vetoId: string) => {
      await liftVeto(here.orchestrator(), vetoId);
      await writeLifted({ vetoId }, `${vetoId} is not in force`);
    });

  program
    .command('pause-all')
    .description('the trip switch: everything stops now and stays so, also over a restart')
    .option('--for <duration>', 'at most 14d', '4h')
    .option('--why <text>', 'for whoever asks, and for the audit', 'lull pause-all')
    .action(async (given: { for: string; why: string }) => {
      const untilMs = await tripSwitch(here.orchestrator(), {
        why: given.why,
        forMs: duration('--for', given.for),
      });
      write(
        { untilMs },
        here.json(),
        () => `nothing runs until ${localTime(untilMs)}, or "lull resume-all"`,
      );
    });
  program
    .command('resume-all')
    .description('release the trip switch')
    .action(async () => {
      await releaseSwitch(here.orchestrator());
      await writeLifted({}, 'the trip switch is off');
    });
}
