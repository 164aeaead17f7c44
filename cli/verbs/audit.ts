// lull audit: verify the journal, read it.

import type { Command } from 'commander';
import { askAuditVerified, askEntries } from '../commands/ask.js';
import { wholeNumber } from '../commands/numbers.js';
import { CommandError, lineOf } from '../failure.js';
import { write } from '../output.js';
import { counted } from '../show/counted.js';
import { localTime } from '../show/local-time.js';
import type { Here } from './here.js';

/** Exit code of `audit verify`: nobody could say. 1 is for a chain that is broken. */
const UNKNOWN = 3;

export function addAudit(program: Command, here: Here): void {
  const audit = program.command('audit').description('the journal: verify it, read it');
  audit
    .command('verify')
    .description('recompute the whole hash chain')
    .action(async () => {
      const answer = await askAuditVerified(here.orchestrator()).catch((error: unknown) => {
        throw new CommandError(
          lineOf(error, () => here.orchestrator()),
          UNKNOWN,
        );
      });
      write(answer, here.json(), ({ entryCount, verified, why, headSha256 }) =>
        verified
          ? `${counted(entryCount, 'entry', 'entries')}, the chain is whole, head ${headSha256}`
          : `the chain is broken: ${why}`,
      );
      if (!answer.verified) process.exitCode = 1;
    });
  audit
    .command('log')
    .description('entries in order: number, when, what')
    .option('--from <sequence>', 'the first one wanted', '1')
    .action(async ({ from }: { from: string }) => {
      const first = wholeNumber('--from', from, { min: 1, max: Number.MAX_SAFE_INTEGER });
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
