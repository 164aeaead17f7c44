// NATS: who may connect, in signed tokens. An operator vouches for accounts, an account's signing key
// for users; a server that knows the operator needs no list of users.

import { encodeAccount, encodeOperator, encodeUser, fmtCreds, type SigningKey } from '@nats-io/jwt';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';
import {
  ABOUT_JETSTREAM,
  natsRoles,
  natsUser,
  permissions,
  type NatsRole,
} from '../../proto/permissions.js';
import { CommandError } from '../failure.js';

/** Seeds of keys, as NATS writes them, and the operator's token. */
export interface NatsSeeds {
  readonly operator: string;
  /** Signed once: a server that is up refuses a configuration with another one. */
  readonly operatorJwt: string;
  /** Lull's. */
  readonly account: string;
  /** The server's own. */
  readonly system: string;
}

const unlimited = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1 },
  leaf: -1,
};
const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

export async function createNatsSeeds(): Promise<NatsSeeds> {
  const [operator, account, system] = [createOperator(), createAccount(), createAccount()];
  return {
    operator: seedOf(operator),
    operatorJwt: await encodeOperator('lull', operator, { system_account: system.getPublicKey() }),
    account: seedOf(account),
    system: seedOf(system),
  };
}

/** Seeds of keys that sign users for an account, each of one role only. Unlike its own they can be replaced. */
export type SigningSeeds = Readonly<Partial<Record<NatsRole, string>>>;

export function createSigningSeeds(): SigningSeeds {
  return Object.fromEntries(natsRoles.map((role) => [role, seedOf(createAccount())]));
}

/** What a server has to know. */
export interface NatsTrust {
  readonly operatorJwt: string;
  readonly systemAccount: string;
  /** JWT of each account, by its public key. */
  readonly accounts: ReadonlyMap<string, string>;
}

/**
 * @param signing seeds of the keys that may have signed users, the newest first
 * @param revoked public key of a user → the instant up to which what was signed for it is void
 */
export async function natsTrust(
  seeds: NatsSeeds,
  signing: readonly SigningSeeds[],
  revoked: ReadonlyMap<string, number>,
): Promise<NatsTrust> {
  const operator = pairOf(seeds.operator);
  const [account, system] = [pairOf(seeds.account), pairOf(seeds.system)];
  const about = { name: 'jetstream', subject: ABOUT_JETSTREAM, type: 'service' } as const;
  const [systemAccount, lullAccount] = [system.getPublicKey(), account.getPublicKey()];
  const lullJwt = await encodeAccount(
    'lull',
    account,
    {
      limits: { ...unlimited, ...jetStream },
      imports: [{ ...about, account: systemAccount }],
      signing_keys: signing.flatMap((each) => natsRoles.flatMap((role) => signerOf(role, each))),
      revocations: Object.fromEntries(
        [...revoked].map(([key, atMs]) => [key, Math.ceil(atMs / 1_000)]),
      ),
    },
    { signer: operator },
  );
  const systemJwt = await encodeAccount(
    'system',
    system,
    { limits: unlimited, exports: [about] },
    { signer: operator },
  );
  return {
    operatorJwt: seeds.operatorJwt,
    systemAccount,
    accounts: new Map([
      [lullAccount, lullJwt],
      [systemAccount, systemJwt],
    ]),
  };
}

export interface UserCredentials {
  /** What stands in a `.creds` file. */
  readonly creds: string;
  readonly publicKey: string;
}

/** A new key for a user, and a token that holds until `untilMs`. */
export async function userCredentials(
  user: { readonly role: NatsRole; readonly name: string; readonly untilMs: number },
  seeds: NatsSeeds,
  signing: SigningSeeds,
): Promise<UserCredentials> {
  const { name, tags } = natsUser(user.role, user.name);
  const signer = signing[user.role];
  if (signer === undefined) {
    const why = `the authority is older than the role ${user.role}`;
    throw new CommandError(`${why}: "lull keys rotate DIR --authority" makes one that knows it`);
  }
  const pair = createUser();
  const token = await encodeUser(
    name,
    pair,
    pairOf(seeds.account),
    { tags: [...tags] },
    {
      signer: pairOf(signer),
      exp: Math.floor(user.untilMs / 1_000),
      scopedUser: true, // What it may do stands with the key that signs.
    },
  );
  return { creds: Buffer.from(fmtCreds(token, pair)).toString(), publicKey: pair.getPublicKey() };
}

/** None where the seeds are older than the role. */
function signerOf(role: NatsRole, { [role]: seed }: SigningSeeds): SigningKey[] {
  if (seed === undefined) return [];
  const { publish, subscribe } = permissions[role];
  const template = {
    ...{ subs: -1, data: -1, payload: -1 },
    pub: { allow: [...publish.allow], deny: [...publish.deny] },
    sub: { allow: [...subscribe.allow] },
  };
  return [{ kind: 'user_scope', key: pairOf(seed).getPublicKey(), role, template }];
}

function seedOf(pair: KeyPair): string {
  return Buffer.from(pair.getSeed()).toString();
}

function pairOf(seed: string): KeyPair {
  return fromSeed(Buffer.from(seed));
}
