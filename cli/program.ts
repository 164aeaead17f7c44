// lull: the command line. Loaded by main.ts, which bounds the heap first.

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { aboutHost } from './clients.grpc.js';
import { CommandError, lineOf } from './failure.js';
import { orchestratorFrom, placesFrom, tlsDirFrom } from './paths.js';
import { filesFor } from './verbs/files.js';
import type { Here } from './verbs/here.js';

interface Global {
  readonly state?: string;
  readonly run?: string;
  readonly orchestrator?: string;
  readonly tlsDir?: string;
  readonly json?: boolean;
  readonly host?: string;
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

const program = new Command('lull')
  .description('Runs software updates when nobody is looking.')
  .version(version)
  .option('--state <dir>', 'what survives restarts (LULL_STATE)')
  .option('--run <dir>', 'sockets and sandboxes (LULL_RUN)')
  .option('--orchestrator <host:port>', 'ask and order another machine (LULL_ORCHESTRATOR)')
  .option('--tls-dir <dir>', 'who we are over TCP: ca.pem, cert.pem, key.pem (LULL_TLS_DIR)')
  .addOption(
    new Option('--host <id>', 'the machine of a fleet that a command is about').env('LULL_HOST'),
  )
  .option('--json', 'answer in JSON')
  .showHelpAfterError();

program.hook('preAction', () => {
  aboutHost(program.opts<Global>().host);
});

const here: Here = {
  version,
  places: () => placesFrom(program.opts<Global>(), process.env, process.getuid?.() ?? 0),
  runDir: () => here.places().runDir,
  orchestrator: () => orchestratorFrom(program.opts<Global>(), process.env, here.runDir()),
  tlsDir: () => tlsDirFrom(program.opts<Global>(), process.env),
  json: () => ({ json: program.opts<Global>().json === true }),
  // Not a terminal: whatever reads it folds it itself.
  page: () => ({ nowMs: Date.now(), columns: process.stdout.columns || Infinity }),
};

for (const { load } of filesFor(process.argv.slice(2))) (await load())(program, here);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`lull: ${lineOf(error, () => here.orchestrator())}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}
