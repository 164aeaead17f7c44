// The keyring's directory, all of it for its owner alone:
//
//   keyring.json            what was issued
//   authority/              private keys that sign: whoever has them is everybody
//   nats-server/            the server's configuration and certificate
//   ROLE-NAME/              what one holder is given: ca.pem cert.pem key.pem, nats.creds for NATS,
//                           and, for orchestrators, `revoked`: serial numbers that they refuse

import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../plugin-host/artifacts/durable.fs.js';
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

const natsRoles = ['orchestrator', 'host'] as const;
const seedFiles: Readonly<Record<keyof NatsSeeds, string>> = {
  operator: 'operator.nk',
  account: 'account.nk',
  system: 'system.nk',
};

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

export async function writeAuthority(
  dir: string,
  id: string,
  made: CertifiedKey,
  seeds: SigningSeeds,
): Promise<void> {
  await put(dir, join('authority', `${id}.key.pem`), made.key);
  await put(dir, join('authority', `${id}.pem`), made.certificate);
  for (const role of natsRoles) {
    await put(dir, join('authority', `${id}.${role}.nk`), seeds[role]);
  }
}

export async function writeSeeds(dir: string, seeds: NatsSeeds): Promise<void> {
  for (const [of, file] of Object.entries(seedFiles)) {
    await put(dir, join('authority', file), seeds[of as keyof NatsSeeds]);
  }
}

export function readSeeds(dir: string): NatsSeeds {
  const seed = (of: keyof NatsSeeds): string => read(dir, join('authority', seedFiles[of]));
  return { operator: seed('operator'), account: seed('account'), system: seed('system') };
}

export function readAuthority(dir: string, id: string): CertifiedKey {
  const file = (end: string): string => read(dir, join('authority', `${id}.${end}`));
  return { certificate: file('pem'), key: file('key.pem') };
}

/** The keys of an authority that sign users of NATS. */
export function readSigning(dir: string, id: string): SigningSeeds {
  const seed = (role: string): string => read(dir, join('authority', `${id}.${role}.nk`));
  return { orchestrator: seed('orchestrator'), host: seed('host') };
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
  const ids = keyring.authorities.map(({ id }) => id);
  const taken = ids.map((id) => read(dir, join('authority', `${id}.pem`))).join('');
  for (const holder of inUse(keyring)) {
    await put(dir, join(directoryOf(holder), 'ca.pem'), taken);
    if (holder.role !== 'orchestrator') continue;
    const serials = revokedSerials(keyring).map((serial) => `${serial}\n`);
    await put(dir, join(directoryOf(holder), 'revoked'), serials.join(''));
  }
  const signing = ids.map((id) => readSigning(dir, id));
  const trust = await natsTrust(readSeeds(dir), signing, revokedUsers(keyring));
  await put(dir, join(NATS_SERVER, 'nats-server.conf'), serverConf(keyring.nats, trust));
}

function read(dir: string, name: string): string {
  return readFileSync(join(dir, name), 'utf8');
}

async function put(dir: string, name: string, content: string): Promise<void> {
  const path = join(dir, name);
  const parent = join(path, '..');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  chmodSync(parent, 0o700);
  await writeDurably(path, content, 0o600);
}
