// lull audit: verify the journal, read it, take away what proves it.

import type { Command } from 'commander';
import { askAuditVerified, askEntries } from '../commands/ask.js';
import { wholeNumber } from '../commands/numbers.js';
import { CommandError, lineOf } from '../failure.js';
import { write } from '../output.js';
import { counted } from '../show/counted.js';
import { localTime } from '../show/local-time.js';
import type { Against } from '../commands/audit.js';
import type { Here } from './here.js';

/** Exit code of `audit verify`: nobody could say. 1 is for a chain that is broken. */
const UNKNOWN = 3;

export function addAudit(program: Command, here: Here): void {
  const audit = program.command('audit').description('the journal: verify it, read it, export it');
  audit
    .command('verify')
    .description('recompute the whole hash chain')
    .option(
      '--against <checkpoint...>',
      'files with checkpoints of before, which it has to go on from',
    )
    .option('--key <key...>', 'one of these has to have signed them: a key, or a file with it')
    .action(async ({ against = [], key = [] }: { against?: string[]; key?: string[] }) => {
      const answer = await askAuditVerified(here.orchestrator()).catch((error: unknown) => {
        throw new CommandError(
          lineOf(error, () => here.orchestrator()),
          UNKNOWN,
        );
      });
      const { holdAgainst } = await import('../commands/audit.js');
      const held = await holdAgainst(here.orchestrator(), Number(answer.entryCount), against, key);
      write(
        answer,
        here.json(),
        ({ entryCount, verified, why, headSha256 }) => {
          const count = counted(entryCount, 'entry', 'entries');
          const chain = verified
            ? `${count}, the chain is whole, head ${headSha256}`
            : `the chain is broken: ${why}`;
          return [chain, ...held.map(heldText)].join('\n');
        },
        ({ checkpoint: _, checkpointKey: _key, ...told }) => ({ ...told, against: held }),
      );
      const isGood = answer.verified && held.every(({ problem }) => problem === undefined);
      if (!isGood) process.exitCode = 1;
    });
  audit
    .command('checkpoint')
    .description('a signed statement of what the journal is now, to be kept somewhere else')
    .option('--key', 'the key that it is signed with, instead', false)
    .action(async ({ key }: { key: boolean }) => {
      const { askCheckpoint } = await import('../commands/audit.js');
      const { checkpoint, checkpointKey } = await askCheckpoint(here.orchestrator());
      write({ checkpoint, checkpointKey }, here.json(), () => (key ? checkpointKey : checkpoint));
    });
  audit
    .command('export <directory>')
    .description('write the entries, a checkpoint, and what verifies them without Lull')
    .option('--from <sequence>', 'the first one wanted', '1')
    .action(async (directory: string, { from }: { from: string }) => {
      const { exportAudit } = await import('../commands/audit.js');
      const exported = await exportAudit(here.orchestrator(), directory, sequence('--from', from));
      write(exported, here.json(), ({ entryCount }) => {
        const what = counted(entryCount, 'entry', 'entries');
        return `${what} in ${directory}: "node ${directory}/verify.mjs" verifies them, also elsewhere`;
      });
    });
  audit
    .command('report')
    .description('in plain words: who vouched, what ran, what came in, what changed')
    .option('--from <sequence>', 'the first entry that is told', '1')
    .option('--files', 'each file that a change was of, and not the first few alone', false)
    .action(async ({ from, files }: { from: string; files: boolean }) => {
      const { reportAudit } = await import('../commands/audit.js');
      const report = await reportAudit(here.orchestrator(), sequence('--from', from), files);
      write({ report }, here.json(), () => report);
    });
  audit
    .command('log')
    .description('entries in order: number, when, what')
    .option('--from <sequence>', 'the first one wanted', '1')
    .action(async ({ from }: { from: string }) => {
      const first = sequence('--from', from);
      const { entries, next } = await askEntries(here.orchestrator(), first);
      write(entries, here.json(), () =>
        entries.length === 0
          ? `no entry from ${from} on`
          : entries
              .map(({ sequence, atUnixMs, bodyJson }) =>
                [sequence, localTime(Number(atUnixMs)), bodyJson].join(' '),
              )
              .join('\n'),
      );
      // Beside what was asked for, which is lines for a program as well.
      if (next !== undefined) {
        process.stderr.write(`lull: there are more: "lull audit log --from ${String(next)}"\n`);
      }
    });
}

function sequence(option: string, text: string): number {
  return wholeNumber(option, text, { min: 1, max: Number.MAX_SAFE_INTEGER });
}

function heldText({ file, entryCount, signedBy, problem }: Against): string {
  if (problem !== undefined) return `${file}: ${problem}`;
  const by =
    signedBy.length === 0 ? 'no --key was named for it' : `signed by ${signedBy.join(', ')}`;
  return `it goes on from ${file}, of ${counted(entryCount, 'entry', 'entries')}: ${by}`;
}
