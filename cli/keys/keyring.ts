// What was issued by whom until when: the memory of `lull keys`, beside the keys themselves.

import * as z from 'zod';
import { roles } from '../../orchestrator/trust/caller.js';

const instant = z.iso.datetime();

/** The certificate that the nats-server shows is of nobody who calls. */
export const NATS_SERVER = 'nats-server';

const issuedSchema = z.strictObject({
  role: z.enum([...roles, NATS_SERVER]),
  name: z.string(),
  /** Names and addresses that it serves at. */
  serves: z.array(z.string()),
  authority: z.string(),
  serial: z.string(),
  /** Public key of a NATS user. */
  natsKey: z.string().optional(),
  issuedAt: instant,
  expiresAt: instant,
  revokedAt: instant.optional(),
});

const authoritySchema = z.strictObject({ id: z.string(), expiresAt: instant });

export const keyringSchema = z.strictObject({
  version: z.literal(1),
  nats: z.strictObject({
    ...{ listen: z.string(), directory: z.string(), store: z.string() },
    health: z.string().optional(),
  }),
  /** How long what is issued holds. */
  days: z.number().int().positive(),
  /** The newest first: it signs. What the others signed is still taken. */
  authorities: z.tuple([authoritySchema], authoritySchema),
  /** Everything that has not expired, oldest first. */
  issued: z.array(issuedSchema),
});

export type Keyring = z.infer<typeof keyringSchema>;
export type Authority = z.infer<typeof authoritySchema>;
export type Issued = z.infer<typeof issuedSchema>;
export type Holder = Pick<Issued, 'role' | 'name'>;

/** The directory of a holder, inside of the keyring's. */
export function directoryOf({ role, name }: Holder): string {
  return role === NATS_SERVER ? NATS_SERVER : `${role}-${name}`;
}

/** Of each holder what was issued to it last; whoever was revoked and given nothing since is left out. */
export function inUse({ issued }: Keyring): Issued[] {
  const last = new Map(issued.map((each) => [directoryOf(each), each]));
  return [...last.values()].filter(({ revokedAt }) => revokedAt === undefined);
}

/** Without what has expired: it is refused for that. */
export function withoutExpired(keyring: Keyring, nowMs: number): Keyring {
  const issued = keyring.issued.filter(({ expiresAt }) => Date.parse(expiresAt) > nowMs);
  return { ...keyring, issued };
}

/** NATS users that are void, and since when. */
export function revokedUsers({ issued }: Keyring): ReadonlyMap<string, number> {
  return new Map(
    issued.flatMap(({ natsKey, revokedAt }) =>
      natsKey === undefined || revokedAt === undefined ? [] : [[natsKey, Date.parse(revokedAt)]],
    ),
  );
}

/** Serial numbers of certificates that are void. */
export function revokedSerials({ issued }: Keyring): string[] {
  return issued.flatMap(({ serial, revokedAt }) => (revokedAt === undefined ? [] : [serial]));
}
