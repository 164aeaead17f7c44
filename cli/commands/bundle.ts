// lull bundle: what a vendor does with an updater before shipping it.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { keyIdOf, signEnvelope } from '../../bundle/envelope.js';
import { entrypointProblems } from '../../bundle/entrypoint.js';
import { namedRootProblems } from '../../bundle/grant.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import { packDirectory } from '../../bundle/pack.fs.js';
import { packLullFile } from '../../bundle/tar.js';
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
  if (existsSync(file)) throw new CommandError(`${file} is there already, and stays as it is`);
  orSay('the key cannot be written', () => {
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  });
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
  orSay('the directory cannot be packed', () => readdirSync(options.directory));
  const { tar, sha256, files } = await packDirectory(options.directory);
  if (files.length === 0) throw new CommandError(`${options.directory} has no file to pack`);
  const bundle = { sha256, size: tar.byteLength, files: [...files] };
  const manifest = readManifest(options.manifestFile, bundle);
  const envelope = signEnvelope(Buffer.from(JSON.stringify(manifest)), keys);
  const lullFile = await packLullFile(envelope, tar);
  orSay('the bundle cannot be written', () => {
    writeFileSync(options.out, lullFile);
  });
  return {
    id: manifest.id,
    version: manifest.version,
    bundleSha256: sha256,
    signedBy: keys.map((key) => keyIdOf(createPublicKey(key))),
  };
}

/** The manifest with its bundle; every problem that can be told before anybody launches it. */
function readManifest(file: string, bundle: Manifest['bundle']): Manifest {
  const source = jsonIn(file);
  if (typeof source !== 'object' || source === null) throw new CommandError(`${file} is no object`);
  const parsed = parseManifest(Buffer.from(JSON.stringify({ ...source, bundle })));
  const problems =
    parsed.kind === 'invalid'
      ? parsed.problems
      : [...namedRootProblems(parsed.manifest), ...entrypointProblems(parsed.manifest)];
  if (parsed.kind === 'ok' && problems.length === 0) return parsed.manifest;
  throw new CommandError(`${file} is not valid:\n  ${problems.join('\n  ')}`);
}

function jsonIn(file: string): unknown {
  const text = orSay('the manifest cannot be read', () => readFileSync(file, 'utf8'));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${file} is not JSON: ${(error as Error).message}`);
  }
}

function readKey(file: string): KeyObject {
  const pem = orSay('the key cannot be read', () => readFileSync(file));
  const key = privateKeyIn(pem);
  if (key?.asymmetricKeyType === 'ed25519') return key;
  const make = 'make one with "lull bundle key FILE"';
  throw new CommandError(`${file} is no private Ed25519 key without a password: ${make}`);
}

function privateKeyIn(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // Another format, or none.
    return undefined;
  }
}

/** @throws CommandError that says what could not be done, before why. */
function orSay<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CommandError(`${what}: ${(error as Error).message}`);
  }
}

function describeKey(publicKey: KeyObject): Keypair {
  return {
    keyId: keyIdOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}
