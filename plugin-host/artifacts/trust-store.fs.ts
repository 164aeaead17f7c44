// Which certificate authorities the host believes: those that Node ships, the machine's own, and
// those of NODE_EXTRA_CA_CERTS. Explicit, because Node drops the last as soon as a list is given.

import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Environment } from '../egress/upstream-proxy.js';

/** Where the families of distributions keep what the machine's administrator trusts. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/** Reads and parses once, at start: on the way of a connection it would hold up the guard's loop. */
export function loadTrustStore(env: Environment): SecureContext {
  const extra = env['NODE_EXTRA_CA_CERTS'];
  const machine = BUNDLES.map(readIfThere).find((text) => text !== undefined);
  const own = extra === undefined || extra === '' ? undefined : readIfThere(extra);
  const ca = [...rootCertificates, machine, own].filter((text) => text !== undefined);
  return createSecureContext({ ca });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A bundle that is missing or unreadable adds nobody; a connection then says what it misses.
    return undefined;
  }
}
