// lull keys: who may call, and as what. The code that makes keys is loaded here alone.

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { roles, type Role } from '../../orchestrator/trust/caller.js';
import type { Chosen, Handed, Wanted } from '../commands/keys.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { hostAndPort } from '../paths.js';
import { showHanded, showIssued } from '../show/keys.js';
import type { Here } from './here.js';

const DAYS_MAX = 3_650;
const WITHIN_DAYS = '30';

interface InitFlags {
  readonly name: string[];
  readonly issue: string[];
  readonly days: string;
  readonly listen: string;
  readonly installedAt?: string;
  readonly store: string;
  readonly health?: string;
}

interface RotateFlags {
  readonly all?: boolean;
  readonly within?: string;
  readonly authority?: boolean;
  readonly retireAuthorities?: boolean;
}

export function addKeys(program: Command, here: Here): void {
  const keys = program
    .command('keys')
    .description('who may call, and as what: an authority, certificates, NATS credentials');
  const commands = () => import('../commands/keys.js');
  const show = (handed: Handed[]): void => {
    write(handed, here.json(), showHanded);
  };

  keys
    .command('init <dir>')
    .description('make an authority, the configuration of a nats-server, and the first keys')
    .option('--name <host...>', 'names and addresses of the nats-server', [
      'localhost',
      '127.0.0.1',
    ])
    .option('--issue <role:name...>', 'orchestrator:NAME[@HOST,…], host:ID, operator:NAME …', [])
    .option('--days <n>', 'how long what is issued holds', '365')
    .option('--listen <host:port>', 'where the nats-server listens', '0.0.0.0:4222')
    .option('--installed-at <dir>', 'where DIR/nats-server will lie; without it: where it is')
    .option('--store <dir>', 'where JetStream keeps what it is given', '/var/lib/nats/jetstream')
    .option('--health <host:port>', 'where it tells everybody how it is; without it: nowhere')
    .action(async (given: string, flags: InitFlags) => {
      const dir = resolve(given);
      const { listen, store, health } = flags;
      if (health !== undefined) hostAndPort('--health', health);
      const options = {
        nats: { listen, store, health, directory: flags.installedAt ?? `${dir}/nats-server` },
        natsNames: flags.name.map(checkedHost),
        days: daysOf('--days', flags.days),
        wanted: flags.issue.map(parseWanted),
      };
      show(await (await commands()).initKeys(dir, options, Date.now()));
    });

  keys
    .command('issue <dir> <role> <name>')
    .description(`keys for one more: ${roles.join(', ')}`)
    .option('--name <host...>', 'names and addresses that it is called at', [])
    .action(async (dir: string, role: string, name: string, flags: { name: string[] }) => {
      const wanted = { role: parseRole(role), name, serves: flags.name.map(checkedHost) };
      show(await (await commands()).issueKeys(resolve(dir), wanted, Date.now()));
    });

  keys
    .command('rotate <dir> [role] [name]')
    .description('new keys for what expires soon, for one, or for all; see docs/operators.md')
    .option('--all', 'for everybody')
    .option('--within <days>', `for what expires within so many days; without it ${WITHIN_DAYS}`)
    .option('--authority', 'a new authority, beside the ones before')
    .option('--retire-authorities', 'take the newest authority only')
    .action(async (given: string, role?: string, name?: string, flags: RotateFlags = {}) => {
      const dir = resolve(given);
      requireOne(role, flags);
      const { rotateKeys, addAuthority, retireAuthorities } = await commands();
      const authorities = ({ authorities: all }: { authorities: { id: string }[] }): string =>
        `authorities: ${all.map(({ id }) => id).join(', ')}`;
      if (flags.authority === true) {
        write(await addAuthority(dir, Date.now()), here.json(), authorities);
      } else if (flags.retireAuthorities === true) {
        write(await retireAuthorities(dir), here.json(), authorities);
      } else {
        show(await rotateKeys(dir, parseChosen(role, name, flags), Date.now()));
      }
    });

  keys
    .command('revoke <dir> <role> <name>')
    .description('everything that this one was given is void')
    .action(async (dir: string, role: string, name: string) => {
      const holder = { role: parseRole(role), name };
      const revoked = await (await commands()).revokeKeys(resolve(dir), holder, Date.now());
      write(revoked, here.json(), showIssued);
    });

  keys
    .command('list <dir>')
    .description('what was issued, to whom, and until when')
    .action(async (dir: string) => {
      write((await commands()).listKeys(resolve(dir)), here.json(), showIssued);
    });
}

/** Each is a step of its own: of two, one would be passed over. */
function requireOne(role: string | undefined, flags: RotateFlags): void {
  const wanted = [
    ...(role === undefined ? [] : ['ROLE NAME']),
    ...(flags.all === true ? ['--all'] : []),
    ...(flags.within === undefined ? [] : ['--within']),
    ...(flags.authority === true ? ['--authority'] : []),
    ...(flags.retireAuthorities === true ? ['--retire-authorities'] : []),
  ];
  if (wanted.length <= 1) return;
  const each = 'each is a rotation of its own, see docs/operators.md';
  throw new CommandError(`say one of ${wanted.join(' and ')}: ${each}`, 2);
}

function parseChosen(
  role: string | undefined,
  name: string | undefined,
  flags: RotateFlags,
): Chosen {
  if (role !== undefined) {
    if (name === undefined) throw new CommandError('say whose: a role and a name', 2);
    return { kind: 'one', holder: { role: parseRole(role), name } };
  }
  if (flags.all === true) return { kind: 'all' };
  return { kind: 'expiring', withinDays: daysOf('--within', flags.within ?? WITHIN_DAYS) };
}

/** "orchestrator:o1@o1.example.com,10.0.0.7", "host:kiosk-7" */
function parseWanted(text: string): Wanted {
  const [, role = '', name = '', hosts] = /^([a-z]+):([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (name === '') throw new CommandError(`--issue wants ROLE:NAME, not "${text}"`, 2);
  const serves = hosts === undefined ? [] : hosts.split(',').map(checkedHost);
  return { role: parseRole(role), name, serves };
}

function parseRole(text: string): Role {
  const role = roles.find((each) => each === text);
  if (role !== undefined) return role;
  throw new CommandError(`"${text}" is no role: it is one of ${roles.join(', ')}`, 2);
}

function checkedHost(text: string): string {
  const isName = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text);
  if (isName || isIP(text) !== 0) return text;
  throw new CommandError(`"${text}" is neither a host's name, in lower case, nor an address`, 2);
}

function daysOf(option: string, text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return days;
  throw new CommandError(`${option} wants 1 to ${String(DAYS_MAX)} days, not "${text}"`, 2);
}
