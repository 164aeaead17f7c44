// The keyring's directory, all of it for its owner alone:
//
//   keyring.json            what was issued
//   authority/              private keys that sign: whoever has them is everybody
//   nats-server/            the server's configuration and certificate
//   ROLE-NAME/              what one holder is given: ca.pem cert.pem key.pem, nats.creds for NATS,
//                           and, for orchestrators, `revoked`: serial numbers that they refuse

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeDurably } from '../../runtime/durable.fs.js';
import { CommandError } from '../failure.js';
import type { CertifiedKey, Signed } from './certificate.js';
import {
  natsTrust,
  type NatsSeeds,
  type SigningSeeds,
  type UserCredentials,
} from './credentials.js';
import {
  directoryOf,
  inUse,
  keyringSchema,
  NATS_SERVER,
  revokedSerials,
  revokedUsers,
  type Holder,
  type Keyring,
} from './keyring.js';
import { serverConf } from './server-conf.js';

const SEEDS_FILE = join('authority', 'nats.json');

/** What signs: certificates, and users of NATS by their role. */
export interface Authority extends CertifiedKey {
  readonly signing: SigningSeeds;
}

export function hasKeyring(dir: string): boolean {
  return existsSync(join(dir, 'keyring.json'));
}

export function noKeys(dir: string): CommandError {
  return new CommandError(`there are no keys in ${dir}; "lull keys init ${dir}" makes them`);
}

export function readKeyring(dir: string): Keyring {
  if (!hasKeyring(dir)) throw noKeys(dir);
  const parsed = keyringSchema.safeParse(JSON.parse(read(dir, 'keyring.json')));
  if (parsed.success) return parsed.data;
  throw new CommandError(`${join(dir, 'keyring.json')} is no keyring: ${parsed.error.message}`);
}

export async function writeAuthority(dir: string, id: string, made: Authority): Promise<void> {
  await put(dir, authorityFile(id), JSON.stringify(made));
}

export function readAuthority(dir: string, id: string): Authority {
  return JSON.parse(read(dir, authorityFile(id))) as Authority;
}

export async function writeSeeds(dir: string, seeds: NatsSeeds): Promise<void> {
  await put(dir, SEEDS_FILE, JSON.stringify(seeds));
}

export function readSeeds(dir: string): NatsSeeds {
  return JSON.parse(read(dir, SEEDS_FILE)) as NatsSeeds;
}

export async function writeHolder(
  dir: string,
  holder: Holder,
  made: Signed,
  user: UserCredentials | undefined,
): Promise<void> {
  const file = (name: string): string => join(directoryOf(holder), name);
  await put(dir, file('key.pem'), made.key);
  await put(dir, file('cert.pem'), made.certificate);
  if (user !== undefined) await put(dir, file('nats.creds'), user.creds);
}

/** Keeps what is known, and brings every directory in line with it. */
export async function writeKeyring(dir: string, keyring: Keyring): Promise<void> {
  await put(dir, 'keyring.json', JSON.stringify(keyring, undefined, 2));
  const authorities = keyring.authorities.map(({ id }) => readAuthority(dir, id));
  const taken = authorities.map(({ certificate }) => certificate).join('');
  for (const holder of inUse(keyring)) {
    await put(dir, join(directoryOf(holder), 'ca.pem'), taken);
    if (holder.role !== 'orchestrator') continue;
    const serials = revokedSerials(keyring).map((serial) => `${serial}\n`);
    await put(dir, join(directoryOf(holder), 'revoked'), serials.join(''));
  }
  const signing = authorities.map((each) => each.signing);
  const trust = await natsTrust(readSeeds(dir), signing, revokedUsers(keyring));
  await put(dir, join(NATS_SERVER, 'nats-server.conf'), serverConf(keyring.nats, trust));
}

function authorityFile(id: string): string {
  return join('authority', `${id}.json`);
}

function read(dir: string, name: string): string {
  return readFileSync(join(dir, name), 'utf8');
}

/** What signs and what is known has to survive a power cut; the rest can be issued again. */
const lasting = /^(?:authority\/|keyring\.json$)/;

async function put(dir: string, name: string, content: string): Promise<void> {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (lasting.test(name)) {
    await writeDurably(path, content, 0o600);
    return;
  }
  // Whole or not at all: a server may be reading it.
  writeFileSync(`${path}.partial`, content, { mode: 0o600 });
  renameSync(`${path}.partial`, path);
}
