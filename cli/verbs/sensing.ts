// lull sensors, presence, inhibit, record: what has to do with the machine and its person.

import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { reportPresence } from '../commands/ask.js';
import { askSensors, inhibit, listInhibitions, releaseInhibition } from '../commands/sensors.js';
import { parseDuration } from '../commands/orders.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { showInhibitions } from '../show/inhibitions.js';
import { sensorLines, showSensors } from '../show/sensors.js';
import { stopSignal } from '../stop-signal.js';
import type { Here } from './here.js';

const VETO_HOURS = 1;
const DAY_MS = 86_400_000;
/** How long each may be told to last; a timer of Node.js holds no more than 24 days. */
const daysMax = { presence: 366, inhibit: 14, record: 24 };

export function addSensing(program: Command, here: Here): void {
  const { runDir, json } = here;
  program
    .command('sensors')
    .description('every signal: its value, its age, where it comes from, or what it takes')
    .action(async () => {
      const lines = sensorLines(await askSensors(runDir()), Date.now());
      write(lines, json(), (each) => showSensors(each, Date.now(), process.stdout.columns));
    });

  program
    .command('presence <engaged|away|auto>')
    .description('say whether a person uses this machine')
    .option('--for <seconds|duration>', 'how long it holds; without it: until it is said otherwise')
    .action(async (word: string, { for: seconds }: { for?: string }) => {
      const reading = await reportPresence(
        runDir(),
        word,
        milliseconds(seconds ?? '0', daysMax.presence),
      );
      write({ presence: word, source: reading?.source ?? '' }, json(), () => `presence: ${word}`);
    });

  program
    .command('inhibit [why]')
    .description('say "not now" as a program would; without a reason: list what stands')
    .option('--for <seconds|duration>', 'how long, up to 14 days', String(VETO_HOURS * 3_600))
    .option('--owner <name>', 'who says so', ownName())
    .addOption(new Option('--release <id>', 'take one back'))
    .action(
      async (why: string | undefined, given: { for: string; owner: string; release?: string }) => {
        if (given.release !== undefined) {
          const released = await releaseInhibition(runDir(), given.release);
          write({ released }, json(), () =>
            released
              ? 'released'
              : `nothing of the id "${given.release ?? ''}" stands; "lull inhibit" lists what does`,
          );
          return;
        }
        const asked = {
          owner: given.owner,
          reason: why ?? '',
          forMs: milliseconds(given.for, daysMax.inhibit),
        };
        const standing =
          why === undefined ? await listInhibitions(runDir()) : await inhibit(runDir(), asked);
        write(standing, json(), (all) => showInhibitions(all, here.page()));
      },
    );

  program
    .command('record <file>')
    .description('write what the sensors say to a trace, without names or addresses')
    .option('--for <seconds|duration>', 'how long; without it: until it is stopped')
    .action(async (file: string, { for: seconds }: { for?: string }) => {
      const stop = stopSignal();
      const { record } = await import('../commands/record.js');
      const limit =
        seconds === undefined ? [] : [AbortSignal.timeout(milliseconds(seconds, daysMax.record))];
      const rowCount = await record(runDir(), file, AbortSignal.any([stop, ...limit]));
      write({ file, rowCount }, json(), () => `${file}: ${String(rowCount)} rows`);
    });
}

/** Who types this. The user of a container need not have a name. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${String(process.getuid?.() ?? 'unknown')}`;
  }
}

/** Seconds, or a duration as elsewhere: "90", "30m". */
function milliseconds(text: string, days: number): number {
  const ms = /[smhd]$/.test(text) ? Number(parseDuration(text)) : Math.round(Number(text) * 1_000);
  if (text !== '' && ms >= 0 && ms <= days * DAY_MS) return ms;
  const wanted = `seconds, or a duration such as 30m, 4h, 2d; at most ${String(days)}d`;
  throw new CommandError(`--for wants ${wanted}, not "${text}"`, 2);
}
