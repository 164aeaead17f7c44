// lull bundle: what a vendor does with an updater before shipping it.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { keyIdOf, signEnvelope } from '../../bundle/envelope.js';
import { manifestSchema } from '../../bundle/manifest.js';
import { packDirectory, packLullFile } from '../../bundle/tar.js';
import { CommandError } from '../failure.js';

export interface Keypair {
  readonly keyId: string;
  /** Base64 of the DER form: what goes under `publishers` in a policy. */
  readonly publicKey: string;
}

/** Makes an Ed25519 key; the private half goes in `file`, readable by its owner alone. */
export function createKey(file: string): Keypair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  return describeKey(publicKey);
}

export interface Packed {
  readonly id: string;
  readonly version: string;
  readonly bundleSha256: string;
  readonly signedBy: readonly string[];
}

/** Packs `directory` with `manifestFile` and signs it. Without keys the result is unsigned. */
export async function packBundle(options: {
  directory: string;
  manifestFile: string;
  keyFiles: readonly string[];
  out: string;
}): Promise<Packed> {
  const keys = options.keyFiles.map(readKey);
  const { tar, sha256, files } = await packDirectory(options.directory);
  const source = JSON.parse(readFileSync(options.manifestFile, 'utf8')) as Record<string, unknown>;
  const parsed = manifestSchema.safeParse({
    ...source,
    bundle: { sha256, size: tar.byteLength, files },
  });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
    throw new CommandError(`${options.manifestFile} is not valid:\n  ${problems.join('\n  ')}`);
  }
  const envelope = signEnvelope(Buffer.from(JSON.stringify(parsed.data)), keys);
  writeFileSync(options.out, await packLullFile(envelope, tar));
  return {
    id: parsed.data.id,
    version: parsed.data.version,
    bundleSha256: sha256,
    signedBy: keys.map((key) => keyIdOf(createPublicKey(key))),
  };
}

function readKey(file: string): KeyObject {
  const key = createPrivateKey(readFileSync(file));
  if (key.asymmetricKeyType !== 'ed25519') throw new CommandError(`${file} is no Ed25519 key`);
  return key;
}

function describeKey(publicKey: KeyObject): Keypair {
  return {
    keyId: keyIdOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}
