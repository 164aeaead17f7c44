// Checkpoints: how many entries a journal has and the root of their tree, signed. What an auditor takes away, so
// that no entry of before can be changed, cut off or forked without them seeing it.
//
//   lull.journal.v1/HASH-OF-THE-FIRST-ENTRY      the forms of C2SP: tlog-checkpoint, signed-note
//   COUNT
//   ROOT
//
//   — NAME SIGNATURE
//
// Invariant: P1. Whoever signs has recomputed everything that the root stands for.

import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';

export interface Checkpoint {
  /** Hash of the first entry: names the journal. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Of every key of Lull's; which one it was says the key's hash beside it. */
const KEY_NAME = 'lull.journal';
/** Of Ed25519 in signed notes. */
const ALGORITHM = 1;
const RAW_KEY_BYTES = 32;

export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): string {
  const { origin, size, root } = checkpoint;
  const text = `lull.journal.v1/${origin}\n${String(size)}\n${base64(root)}\n`;
  const signature = sign(null, Buffer.from(text), key);
  const signed = base64(Buffer.concat([keyHash(createPublicKey(key)), signature]));
  return `${text}\n\u2014 ${KEY_NAME} ${signed}\n`;
}

/** What the signature is held against: name, hash and key in one word, as signed notes have it. */
export function verifierKey(publicKey: KeyObject): string {
  const hash = keyHash(publicKey).toString('hex');
  return `${KEY_NAME}+${hash}+${base64(withAlgorithm(publicKey))}`;
}

function keyHash(publicKey: KeyObject): Buffer {
  const named = Buffer.concat([Buffer.from(`${KEY_NAME}\n`), withAlgorithm(publicKey)]);
  return createHash('sha256').update(named).digest().subarray(0, 4);
}

function withAlgorithm(publicKey: KeyObject): Buffer {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return Buffer.concat([Uint8Array.of(ALGORITHM), der.subarray(-RAW_KEY_BYTES)]);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
