// What was issued, as tables.

import type { Handed } from '../commands/keys.js';
import type { Issued } from '../keys/keyring.js';
import { table } from './table.js';

export function showHanded(handed: readonly Handed[]): string {
  if (handed.length === 0) return 'nothing was due';
  return table(handed.map(({ directory, expiresAt }) => [directory, `until ${day(expiresAt)}`]));
}

export function showIssued(issued: readonly Issued[]): string {
  if (issued.length === 0) return 'nothing';
  return table(
    issued.map(({ role, name, serial, issuedAt, expiresAt, revokedAt }) => [
      role,
      name,
      `from ${day(issuedAt)}`,
      `until ${day(expiresAt)}`,
      revokedAt === undefined ? serial : `${serial} revoked ${day(revokedAt)}`,
    ]),
  );
}

function day(instant: string): string {
  return instant.slice(0, 10);
}
