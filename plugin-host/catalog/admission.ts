// Whether an envelope says what the grant says: the checks before any byte of a bundle is touched.

import type { KeyObject } from 'node:crypto';
import { goodSignatures, parseEnvelope } from '../../bundle/envelope.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import { CatalogError } from './catalog-error.js';

export interface BundleRef {
  readonly id: string;
  readonly version: string;
  /** Digest of the tar, 64 hexadecimal digits. */
  readonly bundleSha256: string;
  /** The DSSE envelope with the manifest. */
  readonly envelope: Uint8Array;
}

/**
 * The manifest that the envelope carries.
 * @param trustedKeys when given, one of them has to have signed.
 * @throws CatalogError
 */
export function admit(ref: BundleRef, trustedKeys?: readonly KeyObject[]): Manifest {
  const envelope = parseEnvelope(ref.envelope);
  if (envelope === undefined) {
    throw new CatalogError('MANIFEST_INVALID', `${ref.id}: what should be its envelope is none`);
  }
  if (trustedKeys !== undefined) {
    if (envelope.signatures.length === 0) {
      throw new CatalogError('SIGNATURE_MISSING', `${ref.id}: the manifest is not signed`);
    }
    if (goodSignatures(envelope, trustedKeys).length === 0) {
      throw new CatalogError('SIGNATURE_INVALID', `${ref.id}: no trusted key signed the manifest`);
    }
  }
  const parsed = parseManifest(envelope.payload);
  if (parsed.kind === 'invalid') {
    throw new CatalogError('MANIFEST_INVALID', `${ref.id}: ${parsed.problems.join('; ')}`);
  }
  const { manifest } = parsed;
  const wrong = [
    differs('id', ref.id, manifest.id),
    differs('version', ref.version, manifest.version),
    differs('digest', ref.bundleSha256, manifest.bundle.sha256),
  ].filter((problem) => problem !== undefined);
  if (wrong.length > 0) throw new CatalogError('DIGEST_MISMATCH', `${ref.id}: ${wrong.join('; ')}`);
  return manifest;
}

function differs(what: string, granted: string, declared: string): string | undefined {
  return granted === declared
    ? undefined
    : `${what} ${granted} was granted, the manifest says ${declared}`;
}
