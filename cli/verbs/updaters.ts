// lull updaters: list, add, enable, suspend, remove.

import type { Command } from 'commander';
import type { Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import {
  enableUpdater,
  listUpdaters,
  parseLookedAt,
  parseSettings,
  submitUpdater,
  suspendUpdater,
  withdrawUpdater,
} from '../commands/updaters.js';
import { duration } from '../commands/numbers.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { showUpdatersAsking, updaterForPrograms } from '../show/updaters.js';
import type { Here } from './here.js';

interface Acceptance {
  readonly set: string[];
  readonly why: string;
  readonly for?: string;
}

export function addUpdaters(program: Command, here: Here): void {
  const writeUpdaters = (all: readonly Updater[]): void => {
    const { columns } = here.page();
    write(
      all,
      here.json(),
      (each) => showUpdatersAsking(each, columns),
      (each) => each.map(updaterForPrograms),
    );
  };
  const updaters = program
    .command('updaters')
    .description('updaters: list, add, enable, suspend, remove');
  updaters
    .command('list', { isDefault: true })
    .description('what is registered')
    .action(async () => {
      writeUpdaters(await listUpdaters(here.fleet()));
    });
  updaters
    .command('add <file>')
    .description('register a .lull file; with --enable also accept it')
    .option('--enable', 'accept exactly this bundle with these settings')
    .option('--set <name=value...>', 'a setting that the manifest asks for; with --enable', [])
    .option('--for <duration>', 'for how long it is accepted; with --enable')
    .action(async (file: string, given: { enable?: boolean; set: string[]; for?: string }) => {
      const settings = parseSettings(given.set);
      if (settings.size > 0 && given.enable !== true) {
        const why = 'settings are accepted together with the bundle';
        throw new CommandError(`--set wants --enable as well: ${why}, now or by "enable"`, 2);
      }
      if (given.for !== undefined && given.enable !== true) {
        throw new CommandError('--for wants --enable as well', 2);
      }
      const forMs = forFrom(given.for);
      const at = here.fleet(); // Accepted for all as well: the registry has it for all.
      const { updater: added, manifestSha256 } = await submitUpdater(at, file);
      if (given.enable !== true) {
        writeUpdaters([added]);
        return;
      }
      const { id, version } = added;
      const attestation = 'lull updaters add --enable';
      const order = { id, version, manifestSha256, settings, attestation, forMs };
      writeUpdaters([await enableUpdater(at, order)]);
    });
  updaters
    .command('enable <id> [version@digest]')
    .description('accept what is registered; name what you looked at, as "lull updaters" shows it')
    .option('--set <name=value...>', 'a setting that the manifest asks for', [])
    .option('--why <text>', 'for the audit', '')
    .option('--for <duration>', 'for how long: nothing of it begins after that, such as 90d')
    .action(async (id: string, meant: string | undefined, given: Acceptance) => {
      const settings = parseSettings(given.set);
      const forMs = forFrom(given.for);
      const looked = parseLookedAt(meant ?? '');
      const order = { id, ...looked, settings, attestation: given.why, forMs };
      writeUpdaters([await enableUpdater(here.orchestrator(), order)]);
    });
  updaters
    .command('suspend <id>')
    .description('stop its work and start none')
    .requiredOption('--why <text>', 'for the audit')
    .action(async (id: string, { why }: { why: string }) => {
      writeUpdaters([await suspendUpdater(here.orchestrator(), id, why)]);
    });
  updaters
    .command('remove <id>')
    .description('forget it; what it installed stays')
    .action(async (id: string) => {
      const before = await listUpdaters(here.fleet());
      await withdrawUpdater(here.fleet(), id);
      const was = before.some((each) => each.id === id);
      const words = was ? 'is not registered now' : 'was not registered: see "lull updaters"';
      write({ removed: id }, here.json(), () => `${id} ${words}`);
    });
}

function forFrom(text: string | undefined): number | undefined {
  return text === undefined ? undefined : duration('--for', text);
}
