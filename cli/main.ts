#!/usr/bin/env node
// lull: the command line.

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { LogLevel } from '../runtime/log.js';
import { priorities, type Priority } from '../plugin-host/sandbox/parent.cgroup.js';
import { profiles, type Profile } from '../sensor-service/probe/places.js';
import { askAuditVerified, askEntries, askExplain, askHistory, askStatus } from './commands/ask.js';
import { createKey, packBundle } from './commands/bundle.js';
import { readReplay } from './commands/replay.js';
import { parts, up, type Part } from './commands/up.js';
import {
  enableUpdater,
  listUpdaters,
  parseSettings,
  submitUpdater,
  suspendUpdater,
  withdrawUpdater,
} from './commands/updaters.js';
import { CommandError, lineOf } from './failure.js';
import { write } from './output.js';
import { placesFrom, type Places } from './paths.js';
import { addSensingCommands } from './sensing.js';
import { showRuns, showStatus, showSubjects, showUpdaters } from './show/status.js';

interface Global {
  readonly state?: string;
  readonly run?: string;
  readonly json?: boolean;
}

interface UpFlags {
  readonly policy?: string;
  readonly ociRuntime: string;
  readonly priority: Priority;
  readonly logLevel: LogLevel;
  readonly only: Part[];
  readonly profile: Profile;
  readonly app: string[];
  readonly replay?: string;
  readonly speed: string;
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

const program = new Command('lull')
  .description('Runs software updates when nobody is looking.')
  .version(version)
  .option('--state <dir>', 'what survives restarts (LULL_STATE)')
  .option('--run <dir>', 'sockets and sandboxes (LULL_RUN)')
  .option('--json', 'answer in JSON')
  .showHelpAfterError();

const places = (): Places =>
  placesFrom(program.opts<Global>(), process.env, process.getuid?.() ?? 0);
const runDir = (): string => places().runDir;
const json = (): { json: boolean } => ({ json: program.opts<Global>().json === true });

program
  .command('up')
  .description('start Lull on this machine')
  .option('--policy <file>', 'policy file (YAML); without one the defaults hold')
  .option('--oci-runtime <name>', 'runc, or another with its command line', 'runc')
  .addOption(
    new Option('--priority <level>', 'how updaters compete with other programs')
      .choices(priorities)
      .default('lowest'),
  )
  .addOption(
    new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'),
  )
  .addOption(new Option('--only <part...>', 'a part alone').choices(parts).default([...parts]))
  .addOption(
    new Option('--profile <kind>', 'whether people sit at this machine')
      .choices(profiles)
      .default('auto'),
  )
  .option(
    '--app <program...>',
    'a program that updates wait for: a path, flatpak:ID, snap:NAME',
    [],
  )
  .option('--replay <file>', 'play a recorded trace instead of measuring')
  .option('--speed <times>', 'how fast to play it', '1')
  .action((given: UpFlags) =>
    up(
      {
        version,
        places: places(),
        policyFile: given.policy,
        ociRuntime: given.ociRuntime,
        priority: given.priority,
        logLevel: given.logLevel,
        parts: given.only,
        profile: given.profile,
        apps: given.app,
        replay: given.replay === undefined ? undefined : readReplay(given.replay, given.speed),
      },
      stopSignal(),
    ),
  );

program
  .command('status')
  .description('the machine, what runs, what waits and why')
  .action(async () => {
    write(await askStatus(runDir()), json(), showStatus);
  });

program
  .command('explain [subject]')
  .description('every reason why an update or an updater does not run now')
  .action(async (subject = '') => {
    write(await askExplain(runDir(), subject as string), json(), showSubjects);
  });

addSensingCommands(program, { runDir, json, stopSignal });

const updaters = program
  .command('updaters')
  .description('updaters: list, add, enable, suspend, remove');
updaters
  .command('list', { isDefault: true })
  .description('what is registered')
  .action(async () => {
    write(await listUpdaters(runDir()), json(), showUpdaters);
  });
updaters
  .command('add <file>')
  .description('register a .lull file; with --enable also accept it')
  .option('--enable', 'accept exactly this bundle with these settings')
  .option('--set <name=value...>', 'a setting that the manifest asks for', [])
  .action(async (file: string, given: { enable?: boolean; set: string[] }) => {
    const settings = parseSettings(given.set);
    const added = await submitUpdater(runDir(), file);
    const attestation = 'lull updaters add --enable';
    const updater =
      given.enable === true
        ? await enableUpdater(runDir(), { id: added.id, settings, attestation })
        : added;
    write([updater], json(), showUpdaters);
  });
updaters
  .command('enable <id>')
  .description('accept the registered version')
  .option('--set <name=value...>', 'a setting that the manifest asks for', [])
  .option('--why <text>', 'for the audit', '')
  .action(async (id: string, given: { set: string[]; why: string }) => {
    const settings = parseSettings(given.set);
    write(
      [await enableUpdater(runDir(), { id, settings, attestation: given.why })],
      json(),
      showUpdaters,
    );
  });
updaters
  .command('suspend <id>')
  .description('stop its work and start none')
  .requiredOption('--why <text>', 'for the audit')
  .action(async (id: string, { why }: { why: string }) => {
    write([await suspendUpdater(runDir(), id, why)], json(), showUpdaters);
  });
updaters
  .command('remove <id>')
  .description('forget it; what it installed stays')
  .action(async (id: string) => {
    await withdrawUpdater(runDir(), id);
    write({ removed: id }, json(), () => `${id} is removed`);
  });

program
  .command('history')
  .description('runs, newest first')
  .option('--count <n>', 'how many', '50')
  .action(async ({ count }: { count: string }) => {
    const runs = await askHistory(runDir(), Number(count));
    write(runs, json(), () => (runs.length === 0 ? 'no runs yet' : showRuns(runs)));
  });

const audit = program.command('audit').description('the journal: verify it, read it');
audit
  .command('verify')
  .description('recompute the whole hash chain')
  .action(async () => {
    const answer = await askAuditVerified(runDir());
    write(answer, json(), ({ entryCount, verified, why, headSha256 }) =>
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
    write(await askEntries(runDir(), Number(from)), json(), (entries) =>
      entries.map(({ sequence, bodyJson }) => `${String(sequence)} ${bodyJson}`).join('\n'),
    );
  });

const bundle = program.command('bundle').description('for vendors: make a key, pack and sign');
bundle
  .command('key <file>')
  .description('make an Ed25519 key and print its public half')
  .action((file: string) => {
    write(createKey(file), json(), ({ publicKey }) => publicKey);
  });
bundle
  .command('pack <directory>')
  .description('pack a directory, sign it, write a .lull file')
  .requiredOption('--manifest <file>', 'the manifest without its "bundle" member')
  .requiredOption('--out <file>', 'the .lull file')
  .option('--key <file...>', 'private key to sign with', [])
  .action(async (directory: string, given: { manifest: string; out: string; key: string[] }) => {
    const packed = await packBundle({
      directory,
      manifestFile: given.manifest,
      keyFiles: given.key,
      out: given.out,
    });
    write(packed, json(), ({ id, version: v }) => `${given.out}: ${id} ${v}`);
  });

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`lull: ${lineOf(error, runDir())}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}
