// lull sensors, presence, inhibit, record: what has to do with the machine and its person.

import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { reportPresence } from '../commands/ask.js';
import { askSensors, inhibit, listInhibitions, releaseInhibition } from '../commands/sensors.js';
import { duration } from '../commands/numbers.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { showInhibitions } from '../show/inhibitions.js';
import { sensorLines, showSensors } from '../show/sensors.js';
import { stopSignal } from '../stop-signal.js';
import type { Here } from './here.js';

const INHIBIT_FOR = '1h';
/** As the sensor-service takes it; a timer of Node.js, for `record`, holds no more than 24 days. */
const spans = {
  presence: { daysMax: 7, orSeconds: true },
  inhibit: { daysMax: 14, orSeconds: true },
  record: { daysMax: 24, orSeconds: true },
};

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
    .option(
      '--for <seconds|duration>',
      'how long it holds, at most 7d; without it: until it is said otherwise',
    )
    .action(async (word: string, given: { for?: string }) => {
      const forMs =
        given.for === undefined ? undefined : duration('--for', given.for, spans.presence);
      const reading = await reportPresence(runDir(), word, forMs);
      write({ presence: word, source: reading?.source ?? '' }, json(), () => `presence: ${word}`);
    });

  program
    .command('inhibit [why]')
    .description('say "not now" as a program would; without a reason: list what stands')
    .option('--for <seconds|duration>', `how long, at most 14d; without it ${INHIBIT_FOR}`)
    .option('--owner <name>', 'who says so', ownName())
    .addOption(new Option('--release <id>', 'take one back'))
    .action(
      async (why: string | undefined, given: { for?: string; owner: string; release?: string }) => {
        refuseIdle(why, given);
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
          forMs: duration('--for', given.for ?? INHIBIT_FOR, spans.inhibit),
        };
        const standing =
          why === undefined ? await listInhibitions(runDir()) : await inhibit(runDir(), asked);
        write(standing, json(), (all) => showInhibitions(all, here.page()));
      },
    );

  program
    .command('record <file>')
    .description('write what the sensors say to a trace, without names or addresses')
    .option('--for <seconds|duration>', 'how long, at most 24d; without it: until it is stopped')
    .action(async (file: string, given: { for?: string }) => {
      const stop = stopSignal();
      const { record } = await import('../commands/record.js');
      const limit =
        given.for === undefined
          ? []
          : [AbortSignal.timeout(duration('--for', given.for, spans.record))];
      const recorded = await record(runDir(), file, AbortSignal.any([stop, ...limit]));
      write({ file, ...recorded }, json(), ({ rowCount, ended }) => {
        const rows = `${file}: ${String(rowCount)} rows`;
        if (ended === 'stopped') return rows;
        return `${rows}; it ended before its time, because a trace takes no more: what follows fits in another one`;
      });
    });
}

/** What would be passed over: of the three things that `inhibit` does, each takes its own. */
function refuseIdle(why: string | undefined, given: { for?: string; release?: string }): void {
  if (given.release !== undefined && why !== undefined) {
    throw new CommandError('--release takes back what stands: leave the reason out', 2);
  }
  if (given.for !== undefined && (why === undefined || given.release !== undefined)) {
    throw new CommandError('--for says how long a reason stands: it wants one as well', 2);
  }
}

/** Who types this. The user of a container need not have a name. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${String(process.getuid?.() ?? 'unknown')}`;
  }
}
