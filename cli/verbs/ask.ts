// Verbs that only ask: status, explain, forecast, history.

import type { Command } from 'commander';
import { askExplain, askHistory, askStatus } from '../commands/ask.js';
import { askForecast, nextClock, parseDuration } from '../commands/orders.js';
import { write } from '../output.js';
import { showForecast } from '../show/orders.js';
import { showHosts, showRuns, showStatus, showSubjects } from '../show/status.js';
import type { Here } from './here.js';

export function addAsking(program: Command, here: Here): void {
  program
    .command('status')
    .description('the machine, what runs, what waits and why')
    .action(async () => {
      write(await askStatus(here.runDir()), here.json(), showStatus);
    });

  program
    .command('host')
    .description('how strongly updaters are confined here, and what the self-test tried')
    .action(async () => {
      const { hosts } = await askStatus(here.runDir());
      write(hosts, here.json(), showHosts);
    });

  program
    .command('explain [subject]')
    .description('every reason why an update or an updater does not run now')
    .action(async (subject = '') => {
      write(await askExplain(here.runDir(), subject as string), here.json(), showSubjects);
    });

  program
    .command('forecast')
    .description('what would run, and when, if nobody used the machine')
    .option('--at <HH:MM>', 'from this time on, on the clock on the wall')
    .option('--hours <n>', 'how far to look', '48')
    .action(async (given: { at?: string; hours: string }) => {
      const fromMs = given.at === undefined ? 0 : nextClock(given.at, new Date());
      const forMs = parseDuration(`${given.hours}h`);
      const chances = await askForecast(here.runDir(), { fromUnixMs: BigInt(fromMs), forMs });
      write(chances, here.json(), showForecast);
    });

  program
    .command('history')
    .description('runs, newest first')
    .option('--count <n>', 'how many', '50')
    .action(async ({ count }: { count: string }) => {
      const runs = await askHistory(here.runDir(), Number(count));
      write(runs, here.json(), () => (runs.length === 0 ? 'no runs yet' : showRuns(runs)));
    });
}
