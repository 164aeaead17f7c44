// Verbs that only ask: status, explain, forecast, history.

import type { Command } from 'commander';
import { OUTLOOK_HOURS } from '../../proto/wire/outlook.js';
import { askExplain, askHistory, askRun, askStatus } from '../commands/ask.js';
import { askForecast, nextClock } from '../commands/orders.js';
import { wholeNumber } from '../commands/numbers.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { showForecast } from '../show/forecast.js';
import { showRun, showRuns } from '../show/runs.js';
import { showHosts, showStatus } from '../show/status.js';
import { showSubjects } from '../show/subjects.js';
import { updaterForPrograms } from '../show/updaters.js';
import type { Here } from './here.js';
import { A_SUBJECT } from './subject.js';

const HOUR_MS = 3_600_000;
/** At most a month. */
const hours = { min: 1, max: 744 };
const COUNT = 50;
const counts = { min: 1, max: 1_000_000 };

export function addAsking(program: Command, here: Here): void {
  program
    .command('status')
    .description('the machine, what runs, what waits and why')
    .action(async () => {
      write(
        await askStatus(here.orchestrator()),
        here.json(),
        (status) => showStatus(status, here.page()),
        (status) => ({ ...status, updaters: status.updaters.map(updaterForPrograms) }),
      );
    });

  program
    .command('host')
    .description('how strongly updaters are confined here, and what the self-test tried')
    .action(async () => {
      const { hosts } = await askStatus(here.orchestrator());
      write(hosts, here.json(), (all) => showHosts(all, here.page()));
    });

  program
    .command('explain')
    .description('every reason why an update or an updater does not run now')
    .argument('[subject]', A_SUBJECT)
    .action(async (subject = '') => {
      const subjects = await askExplain(here.orchestrator(), subject as string);
      write(subjects, here.json(), (all) =>
        all.length === 0
          ? 'nothing waits or runs; "lull updaters" lists what is registered'
          : showSubjects(all, here.page()),
      );
    });

  program
    .command('forecast')
    .description('what would run, and when, if nobody used the machine')
    .option(
      '--at <HH:MM>',
      'what would be then, by the clock here, whatever time_zone the policy has, and after that',
    )
    .option('--hours <n>', 'how far to look, 1 to 744', String(OUTLOOK_HOURS))
    .action(async (given: { at?: string; hours: string }) => {
      const atMs = given.at === undefined ? undefined : nextClock(given.at, new Date());
      const forMs = wholeNumber('--hours', given.hours, hours) * HOUR_MS;
      const forecast = await askForecast(here.orchestrator(), { fromMs: atMs ?? 0, forMs });
      write(forecast, here.json(), (all) => showForecast(all, here.page(), atMs));
    });

  program
    .command('history [run]')
    .description('runs, newest first; or one run whole, with what the journal has of it')
    .option('--count <n>', `how many; without it ${String(COUNT)}`)
    .action(async (run: string | undefined, given: { count?: string }) => {
      if (run !== undefined) {
        if (given.count !== undefined) {
          throw new CommandError('--count is of runs, and this is about one: leave it out', 2);
        }
        write(await askRun(here.orchestrator(), run), here.json(), (whole) =>
          showRun(whole.run, whole.entries, here.page()),
        );
        return;
      }
      const count = given.count === undefined ? COUNT : wholeNumber('--count', given.count, counts);
      const runs = await askHistory(here.orchestrator(), count);
      write(runs, here.json(), () =>
        runs.length === 0 ? 'no runs yet' : showRuns(runs, here.page()),
      );
    });
}
