// Which manifest a version is: two may have one id, one version and one bundle, and ask for other things.

import { envelopeDigest } from '../../bundle/envelope.js';
import type { UpdaterVersion } from './world.js';

/** One for all worlds that have it. */
const digests = new WeakMap<Pick<UpdaterVersion, 'envelope'>, string>();

/** sha256 of its manifest as it was signed, hexadecimal. */
export function manifestDigest(version: Pick<UpdaterVersion, 'envelope'>): string {
  const known = digests.get(version);
  if (known !== undefined) return known;
  const digest = envelopeDigest(Buffer.from(version.envelope, 'base64'));
  digests.set(version, digest);
  return digest;
}
