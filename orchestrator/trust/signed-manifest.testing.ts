// A vendor for tests: keys, manifests and signed envelopes.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signEnvelope } from '../../bundle/envelope.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import type { Publisher } from './publisher.js';

export interface Vendor {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newVendor(): Vendor {
  return generateKeyPairSync('ed25519');
}

export function publisherOf(
  vendors: readonly Vendor[],
  changes: Partial<Publisher> = {},
): Publisher {
  const keys = vendors.map(({ publicKey }) => publicKey);
  return { name: 'acme', keys, threshold: 1, ids: ['com.acme.*'], auto: 'never', ...changes };
}

/** The manifest of com.acme.tool 1.0.0, with `changes` laid over it; nobody has checked it yet. */
export function rawManifest(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    contract: 'lull.updater.v1',
    id: 'com.acme.tool',
    version: '1.0.0',
    publisher: 'acme',
    title: 'Tool',
    platforms: ['linux'],
    bundle: {
      sha256: 'a'.repeat(64),
      size: 10,
      files: [{ path: 'main', size: 1, sha256: 'b'.repeat(64) }],
    },
    entrypoint: ['./main'],
    runtime: 'host',
    actions: ['download', 'install', 'verify', 'rollback'],
    scope: 'user-mode',
    limits: { memory_mb: 64, processes: 8, disk_mb: 100 },
    ...changes,
  };
}

export function manifestOf(changes: Readonly<Record<string, unknown>> = {}): Manifest {
  const parsed = parseManifest(Buffer.from(JSON.stringify(rawManifest(changes))));
  if (parsed.kind === 'ok') return parsed.manifest;
  throw new Error(parsed.problems.join('; '));
}

/** The manifest in an envelope that `vendors` have signed. */
export function envelopeOf(
  changes: Readonly<Record<string, unknown>>,
  ...vendors: readonly Vendor[]
): Buffer {
  const payload = Buffer.from(JSON.stringify(rawManifest(changes)));
  const keys = vendors.map(({ privateKey }) => privateKey);
  return Buffer.from(signEnvelope(payload, keys));
}

/** Trusted as it is: nobody has to have signed what a test makes up. */
export const unsignedAcme: Publisher = publisherOf([], { threshold: 0 });
