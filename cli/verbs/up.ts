// lull up. The code that starts it is loaded here alone.

import type { KeyObject } from 'node:crypto';
import { hostname } from 'node:os';
import { Option, type Command } from 'commander';
import { defaultUids } from '../../plugin-host/runs/places.fs.js';
import { priorities, type Priority } from '../../plugin-host/sandbox/parent.cgroup.js';
import type { LogLevel } from '../../runtime/log.js';
import { profiles, type Profile } from '../../sensor-service/probe/places.js';
import { defaultAwayAfter } from '../../sensor-service/reading/seat.js';
import { journalSettings, parsePlace } from '../commands/journal-place.js';
import { parseAwayAfter, wordsOf } from '../commands/away-after.js';
import { parts, type Part } from '../commands/parts.js';
import type { Replay } from '../commands/replay.js';
import { parseUids } from '../commands/uids.js';
import { CommandError } from '../failure.js';
import { listenFrom } from '../paths.js';
import { fleetFrom } from '../commands/fleet-place.js';
import { orEndOfInput, stopSignal } from '../stop-signal.js';
import type { Here } from './here.js';

const AS_IT_WAS = '1';

interface UpFlags {
  readonly policy?: string;
  readonly ociRuntime: string;
  readonly priority: Priority;
  readonly trustKey: string[];
  readonly uids: string;
  readonly logLevel: LogLevel;
  readonly only: Part[];
  readonly delegatedGroup?: string;
  readonly profile: Profile;
  readonly awayAfter: string[];
  readonly app: string[];
  readonly journal?: string;
  readonly journalCopies: string;
  readonly allowLossy: boolean;
  readonly natsCreds?: string;
  readonly listen?: string;
  readonly nats?: string;
  readonly hostId?: string;
  readonly name?: string;
  readonly replay?: string;
  readonly speed: string;
}

export function addUp(program: Command, here: Here): void {
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
    .option(
      '--uids <first-last>',
      'user ids that nobody else has, one for each updater and the last for the self-test',
      `${String(defaultUids.first)}-${String(defaultUids.last)}`,
    )
    .option(
      '--trust-key <file...>',
      'launch only what is signed with one of these public keys, whatever the orchestrator says',
      [],
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged: this and what is worse')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--only <part...>', 'these parts and no others')
        .choices(parts)
        .default([...parts], 'all'),
    )
    .addOption(
      new Option('--profile <kind>', 'whether people sit at this machine')
        .choices(profiles)
        .default('auto'),
    )
    .option(
      '--away-after <kind=time...>',
      'when the sensors count somebody as gone: input, dark, locked, terminal',
      wordsOf(defaultAwayAfter),
    )
    .option(
      '--app <program...>',
      'a program that updates wait for: a path, flatpak:ID, snap:NAME',
      [],
    )
    .addOption(
      new Option(
        '--journal <place>',
        'where the journal is: a file, or nats://host:port/PARTITION',
      ).env('LULL_JOURNAL'),
    )
    .option(
      '--journal-copies <count>',
      'copies of a new stream of journals, on so many servers',
      '1',
    )
    .option('--allow-lossy', 'take a server that may lose what it acknowledged', false)
    .option('--listen <host:port>', 'be called over TCP too, with the keys in --tls-dir')
    .option('--nats-creds <file>', 'credentials for NATS, see "lull keys" (LULL_NATS_CREDS)')
    .addOption(
      new Option(
        '--nats <url>',
        'this is part of a fleet: nats://host:port or tls://host:port, several with commas',
      ).env('LULL_NATS'),
    )
    .addOption(new Option('--host-id <id>', "this machine's name in the fleet").env('LULL_HOST_ID'))
    .addOption(
      new Option('--name <name>', "this orchestrator's name in the fleet").env('LULL_NAME'),
    )
    // What a Lull without root gives the plugin-host that it starts.
    .addOption(new Option('--delegated-group <path>').hideHelp())
    .option('--replay <file>', 'play a recorded trace instead of measuring')
    .option('--speed <times>', 'how fast to play it', AS_IT_WAS)
    .action(async (given: UpFlags) => {
      const isInside = given.delegatedGroup !== undefined;
      const { up } = await import('../commands/up.js');
      await up(
        {
          version: here.version,
          places: here.places(),
          policyFile: given.policy,
          ociRuntime: given.ociRuntime,
          priority: given.priority,
          uids: parseUids(given.uids),
          trustedKeys: await trustedKeysOf(given),
          logLevel: given.logLevel,
          parts: isInside ? ['plugin-host'] : given.only,
          delegatedGroup: given.delegatedGroup,
          profile: given.profile,
          awayAfter: parseAwayAfter(given.awayAfter),
          apps: given.app,
          journal: given.journal === undefined ? undefined : parsePlace(given.journal),
          journalOptions: journalSettings(given, process.env),
          listen: listenFrom(given.listen, here.tlsDir()),
          fleet: fleetFrom(given, hostname()),
          replay: await replayOf(given),
        },
        isInside ? orEndOfInput(stopSignal()) : stopSignal(),
      );
    });
}

async function trustedKeysOf({ trustKey }: UpFlags): Promise<KeyObject[]> {
  if (trustKey.length === 0) return [];
  const { readTrustKeys } = await import('../commands/trust-keys.fs.js');
  return readTrustKeys(trustKey);
}

async function replayOf({ replay, speed }: UpFlags): Promise<Replay | undefined> {
  if (replay === undefined) {
    if (speed === AS_IT_WAS) return undefined;
    throw new CommandError('--speed says how fast to play a trace: it wants --replay as well', 2);
  }
  const { readReplay } = await import('../commands/replay.js');
  return readReplay(replay, speed);
}
