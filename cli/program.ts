// lull: the command line. Loaded by main.ts, which bounds the heap first.

import { existsSync, readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { exitCodeOf, lineOf, VALUE_SENSELESS } from './failure.js';
import {
  ALSO_TAKEN,
  optionDescription,
  subcommandTerm,
  withHelpAsOption,
  WHERE_TO_BEGIN,
} from './help.js';
import { emptyHost, refuseHost, type HostOption } from './host-option.js';
import type { OrchestratorAt } from './clients.grpc.js';
import { orchestratorFrom, placesFrom, tlsDirFrom, type Places } from './paths.js';
import { addCommands } from './verbs/groups.js';
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
  .option('--state <dir>', 'what survives restarts (default /var/lib/lull for root; LULL_STATE)')
  .option('--run <dir>', 'sockets and sandboxes (default /run/lull for root; LULL_RUN)')
  .option('--orchestrator <host:port>', 'ask and order another machine (LULL_ORCHESTRATOR)')
  .option('--tls-dir <dir>', 'who we are over TCP: ca.pem, cert.pem, key.pem (LULL_TLS_DIR)')
  .addOption(
    new Option('--host <id>', 'the machine of a fleet that a command is about').env('LULL_HOST'),
  )
  .option('--json', 'answer in JSON')
  // One line, so that what was wrong is not scrolled away.
  .showHelpAfterError(
    '"lull --help" lists what there is, "lull COMMAND --help" what a command takes.',
  )
  // The widest terms leave little of 80 columns, and what is not wrapped here is broken in mid-word.
  .configureHelp({ minWidthToWrap: 20, optionDescription, subcommandTerm })
  .addHelpText('afterAll', ({ command }) => (command.parent === null ? WHERE_TO_BEGIN : ALSO_TAKEN))
  // Before the verbs, which inherit it.
  .exitOverride(({ code, exitCode }) => {
    process.exit(code === 'commander.invalidArgument' ? VALUE_SENSELESS : exitCode);
  });

/** They serve, whether or not anybody reads what they say. */
const serving: ReadonlySet<string> = new Set(['up', 'fleetlock']);

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  // Whoever read has what it wants, as `head` does.
  if (!serving.has(program.args[0] ?? '')) process.exit();
});

function places(): Places {
  return placesFrom(program.opts<Global>(), process.env, process.getuid?.() ?? 0);
}

function hostOption(): HostOption | undefined {
  const id = program.opts<Global>().host;
  if (id === undefined) return undefined;
  const isTyped = program.getOptionValueSource('host') === 'cli';
  if (id !== '') return { id, isTyped };
  if (isTyped) throw emptyHost();
  return undefined;
}

function orchestrator(): OrchestratorAt {
  return orchestratorFrom(program.opts<Global>(), process.env, places().runDir);
}

/** Where root's Lull would be, for an ordinary user who asks another directory. */
function rootsRunDir(): string | undefined {
  const { runDir } = placesFrom({}, {}, 0);
  return runDir !== places().runDir && existsSync(runDir) ? runDir : undefined;
}

const here: Here = {
  version,
  places: () => {
    refuseHost(hostOption(), 'here');
    return places();
  },
  runDir: () => here.places().runDir,
  orchestrator: () => {
    const host = hostOption();
    return host === undefined ? orchestrator() : { ...orchestrator(), hostId: host.id };
  },
  fleet: () => {
    refuseHost(hostOption(), 'all');
    return orchestrator();
  },
  tlsDir: () => tlsDirFrom(program.opts<Global>(), process.env),
  json: () => ({ json: program.opts<Global>().json === true }),
  // Not a terminal: whatever reads it folds it itself.
  page: () => ({ nowMs: Date.now(), columns: process.stdout.columns || Infinity }),
};

const argv = process.argv.slice(2);
const [name] = program.parseOptions(argv).operands;
await addCommands(program, here, name);

try {
  await program.parseAsync(withHelpAsOption(program, argv), { from: 'user' });
} catch (error) {
  process.stderr.write(`lull: ${lineOf(error, orchestrator, rootsRunDir())}\n`);
  process.exitCode = exitCodeOf(error);
}
