// lull audit: verify the journal, read it.

import type { Command } from 'commander';
import { askAuditVerified, askEntries } from '../commands/ask.js';
import { write } from '../output.js';
import type { Here } from './here.js';

export function addAudit(program: Command, here: Here): void {
  const audit = program.command('audit').description('the journal: verify it, read it');
  audit
    .command('verify')
    .description('recompute the whole hash chain')
    .action(async () => {
      const answer = await askAuditVerified(here.orchestrator());
      write(answer, here.json(), ({ entryCount, verified, why, headSha256 }) =>
        verified
          ? `${String(entryCount)} entries, the chain is whole, head ${headSha256}`
          : `the chain is broken: ${why}`,
      );
      if (!answer.verified) process.exitCode = 1;
    });
  audit
    .command('log')
    .description('entries in order')
    .option('--from <sequence>', 'the first one wanted', '1')
    .action(async ({ from }: { from: string }) => {
      write(await askEntries(here.orchestrator(), Number(from)), here.json(), (entries) =>
        entries.map(({ sequence, bodyJson }) => `${String(sequence)} ${bodyJson}`).join('\n'),
      );
    });
}
