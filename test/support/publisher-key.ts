// Keys of publishers, as `lull bundle key` makes them; made here because each test needs two.

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { TrustedKey } from './policy.js';

/** Writes a new private key to `file`. @returns what a policy says of its public half. */
export function createPublisherKey(publisher: string, file: string): TrustedKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { publisher, publicKey: der.toString('base64') };
}
