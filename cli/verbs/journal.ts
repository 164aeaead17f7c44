// lull journal: move it.

import type { Command } from 'commander';
import { journalSettings } from '../commands/journal-place.js';
import { write } from '../output.js';
import type { Here } from './here.js';

interface Flags {
  readonly journalCopies: string;
  readonly allowLossy: boolean;
  readonly natsCreds?: string;
}

export function addJournal(program: Command, here: Here): void {
  program
    .command('journal')
    .description('the journal: move it')
    .command('copy <from> <to>')
    .description(
      'copy a journal, with Lull stopped: from a file to nats://host:port/PARTITION, back, or between two of a kind',
    )
    .option(
      '--journal-copies <count>',
      'copies of a new stream of journals, on so many servers',
      '1',
    )
    .option('--allow-lossy', 'take a server that may lose what it acknowledged', false)
    .option('--nats-creds <file>', 'credentials for NATS, see "lull keys" (LULL_NATS_CREDS)')
    .action(async (from: string, to: string, flags: Flags) => {
      const { copyTo } = await import('../commands/journal.js');
      const onTerminal = process.stderr.isTTY;
      const copied = await copyTo(
        { from, to },
        journalSettings(flags, process.env),
        (count, of) => {
          if (onTerminal) process.stderr.write(`\r${String(count)} of ${String(of)} entries`);
        },
      );
      if (onTerminal && copied.entryCount > 0) process.stderr.write('\r\u001b[K');
      write(
        copied,
        here.json(),
        ({ entryCount, headSha256 }) =>
          `${String(entryCount)} entries in ${copied.to}, head ${headSha256}`,
      );
    });
}
