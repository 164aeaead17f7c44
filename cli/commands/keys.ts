// lull keys: an authority, what it issues, and how that is replaced and taken back.
//
// Invariants:
//   K1. What is not in keyring.json was not issued: keys are written first, what is known of them after.
//   K2. Whatever was taken before is taken still, until it is revoked or its authority retired: so the
//       parts of a fleet can be given new keys one after the other.
//   K3. What a keeper is given holds for a day, and nothing renews it: it is for what is done once.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isCallerName, urnOf, type Role } from '../../orchestrator/trust/caller.js';
import { natsRoles, type NatsRole } from '../../proto/permissions.js';
import { claim } from '../../runtime/claim.fs.js';
import { CommandError } from '../failure.js';
import { certify, createAuthority } from '../keys/certificate.js';
import { createNatsSeeds, createSigningSeeds, userCredentials } from '../keys/credentials.js';
import {
  hasKeyring,
  noKeys,
  readAuthority,
  readKeyring,
  readSeeds,
  writeAuthority,
  writeHolder,
  writeKeyring,
  writeSeeds,
} from '../keys/keyring.fs.js';
import {
  directoryOf,
  inUse,
  NATS_SERVER,
  withoutExpired,
  type Authority,
  type Holder,
  type Issued,
  type Keyring,
} from '../keys/keyring.js';
import type { NatsPlace } from '../keys/server-conf.js';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
/** K3 */
const KEEPER_DAYS = 1;
/** Who has something to do without NATS: an authority that is older than its part there leaves it at that. */
const alsoWithoutNats: ReadonlySet<NatsRole> = new Set(['viewer']);

/** Somebody who is to be issued something. */
export interface Wanted {
  readonly role: Role;
  readonly name: string;
  /** Names and addresses that an orchestrator is called at. */
  readonly serves: readonly string[];
}

export interface InitOptions {
  readonly nats: NatsPlace;
  /** Names and addresses of the nats-server. */
  readonly natsNames: readonly string[];
  readonly days: number;
  readonly wanted: readonly Wanted[];
}

/** Where what was issued lies. */
export interface Handed extends Issued {
  readonly directory: string;
}

export function initKeys(dir: string, options: InitOptions, nowMs: number): Promise<Handed[]> {
  const { nats, natsNames, days, wanted } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return alone(dir, async () => {
    if (hasKeyring(dir)) {
      throw new CommandError(`${dir} has keys already; "lull keys rotate" replaces them`);
    }
    await writeSeeds(dir, await createNatsSeeds());
    const authority = await newAuthority(dir, nowMs);
    const server = { role: NATS_SERVER, name: NATS_SERVER, serves: [...natsNames] } as const;
    const keyring: Keyring = {
      ...{ version: 1, nats: { ...nats }, days },
      ...{ authorities: [authority], issued: [] },
    };
    return await issueAll(dir, keyring, [server, ...wanted.map(checked)], nowMs);
  });
}

export function issueKeys(dir: string, wanted: Wanted, nowMs: number): Promise<Handed[]> {
  return alone(dir, () => issueAll(dir, readKeyring(dir), [checked(wanted)], nowMs));
}

/** What `lull keys rotate` chooses by. */
export type Chosen =
  | { readonly kind: 'all' }
  | { readonly kind: 'expiring'; readonly withinDays: number }
  | { readonly kind: 'one'; readonly holder: Holder };

/** New keys and certificates for the same; the ones before hold until they expire (K2). */
export function rotateKeys(dir: string, chosen: Chosen, nowMs: number): Promise<Handed[]> {
  return alone(dir, async () => {
    const keyring = readKeyring(dir);
    const due = inUse(keyring).filter((each) => isChosen(each, chosen, nowMs));
    if (chosen.kind === 'one' && due.length === 0) throw unknown(dir, chosen.holder);
    return await issueAll(dir, keyring, due, nowMs);
  });
}

function isChosen(issued: Issued, chosen: Chosen, nowMs: number): boolean {
  if (chosen.kind === 'one') return directoryOf(issued) === directoryOf(chosen.holder);
  if (issued.role === 'keeper') return false; // K3
  if (chosen.kind === 'all') return true;
  return Date.parse(issued.expiresAt) < nowMs + chosen.withinDays * DAY_MS;
}

/** A new authority signs from now on; what the ones before signed is taken still (K2). */
export function addAuthority(dir: string, nowMs: number): Promise<Keyring> {
  return alone(dir, async () => {
    const keyring = readKeyring(dir);
    const added = await newAuthority(dir, nowMs);
    const next: Keyring = { ...keyring, authorities: [added, ...keyring.authorities] };
    await writeKeyring(dir, next);
    return next;
  });
}

/** Only the newest authority is taken. @throws CommandError while something hangs on another one. */
export function retireAuthorities(dir: string): Promise<Keyring> {
  return alone(dir, async () => {
    const keyring = readKeyring(dir);
    const [newest] = keyring.authorities;
    const lasting = inUse(keyring).filter(({ role }) => role !== 'keeper'); // K3
    const left = lasting.filter(({ authority }) => authority !== newest.id);
    if (left.length > 0) {
      const names = left.map(directoryOf).join(', ');
      throw new CommandError(
        `what was issued to ${names} hangs on an older authority; "lull keys rotate ${dir} --all" replaces it, then give it to them`,
      );
    }
    const next: Keyring = { ...keyring, authorities: [newest] };
    await writeKeyring(dir, next);
    return next;
  });
}

/** Everything that a holder was ever given is void. */
export function revokeKeys(dir: string, holder: Holder, nowMs: number): Promise<Issued[]> {
  return alone(dir, async () => {
    const keyring = withoutExpired(readKeyring(dir), nowMs);
    const isTheirs = (each: Issued): boolean => directoryOf(each) === directoryOf(holder);
    if (!keyring.issued.some(isTheirs)) throw unknown(dir, holder);
    const revokedAt = new Date(nowMs).toISOString();
    const issued = keyring.issued.map((each) =>
      isTheirs(each) && each.revokedAt === undefined ? { ...each, revokedAt } : each,
    );
    await writeKeyring(dir, { ...keyring, issued });
    return issued.filter(isTheirs);
  });
}

export function listKeys(dir: string): Issued[] {
  return readKeyring(dir).issued;
}

async function newAuthority(dir: string, nowMs: number): Promise<Authority> {
  const id = randomBytes(4).toString('hex');
  const untilMs = nowMs + AUTHORITY_DAYS * DAY_MS;
  const made = await createAuthority(id, { fromMs: nowMs, untilMs });
  await writeAuthority(dir, id, { ...made, signing: createSigningSeeds() });
  return { id, expiresAt: new Date(untilMs).toISOString() };
}

type Recipient = Pick<Issued, 'role' | 'name'> & { readonly serves: readonly string[] };

async function issueAll(
  dir: string,
  keyring: Keyring,
  recipients: readonly Recipient[],
  nowMs: number,
): Promise<Handed[]> {
  const issued: Issued[] = [];
  for (const recipient of recipients) issued.push(await issue(dir, keyring, recipient, nowMs));
  const kept = withoutExpired(keyring, nowMs);
  await writeKeyring(dir, { ...kept, issued: [...kept.issued, ...issued] });
  return issued.map((each) => ({ ...each, directory: join(dir, directoryOf(each)) }));
}

async function issue(
  dir: string,
  keyring: Keyring,
  { role, name, serves }: Recipient,
  nowMs: number,
): Promise<Issued> {
  const { id } = keyring.authorities[0];
  const authority = readAuthority(dir, id);
  const days = role === 'keeper' ? KEEPER_DAYS : keyring.days;
  const untilMs = nowMs + days * DAY_MS;
  const signed = await certify(authority, {
    title: role === NATS_SERVER ? NATS_SERVER : `${role} ${name}`,
    ...(role === NATS_SERVER ? {} : { urn: urnOf(role, name) }),
    ...{ serves, fromMs: nowMs, untilMs },
  });
  const natsRole = natsRoles.find(
    (each) => each === role && (each in authority.signing || !alsoWithoutNats.has(each)),
  );
  const user =
    natsRole === undefined
      ? undefined
      : await userCredentials({ role: natsRole, name, untilMs }, readSeeds(dir), authority.signing);
  await writeHolder(dir, { role, name }, signed, user);
  return {
    ...{ role, name, serves: [...serves] },
    authority: id,
    serial: signed.serial,
    ...(user === undefined ? {} : { natsKey: user.publicKey }),
    issuedAt: new Date(nowMs).toISOString(),
    expiresAt: new Date(untilMs).toISOString(),
  };
}

function checked({ role, name, serves }: Wanted): Recipient {
  if (!isCallerName(name)) {
    const rule = 'lower case letters, digits and hyphens, at most 63';
    throw new CommandError(`"${name}" is no name: ${rule}`, 2);
  }
  if (role !== 'orchestrator' && role !== 'fleetlock') {
    if (serves.length === 0) return { role, name, serves };
    throw new CommandError(`nobody calls a ${role}: --name is for orchestrators and FleetLock`, 2);
  }
  return { role, name, serves: serves.length === 0 ? [name] : serves };
}

function unknown(dir: string, holder: Holder): CommandError {
  const message = `nothing was issued to ${holder.role} ${holder.name}; "lull keys list ${dir}" shows what was`;
  return new CommandError(message);
}

/** Two that write at once would lose what one of them issued. */
async function alone<T>(dir: string, act: () => Promise<T>): Promise<T> {
  if (!existsSync(dir)) throw noKeys(dir);
  const claimed = await claim(dir, 'keys', 'the first argument');
  try {
    return await act();
  } finally {
    await claimed.close();
  }
}
