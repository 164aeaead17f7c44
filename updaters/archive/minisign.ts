// Signatures as minisign makes them: pure.
//
// Invariants:
//   M1. The signature is by the key that the operator bound, over every byte.
//   M2. The line of its comment is signed too.
//   M3. What is malformed is no signature.
//
// A key is 42 bytes: "Ed", its id of eight, and an Ed25519 key. A signature is 74: "ED" where the BLAKE2b hash
// of the content is signed, or "Ed" where the content itself is, the id, and 64 bytes.

import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';

const KEY_BYTES = 42;
const SIGNATURE_BYTES = 74;
const ID_END = 10;
const COMMENT = 'trusted comment: ';

export interface SigningKey {
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** Undefined for what is no key of minisign. */
export function readKey(text: string): SigningKey | undefined {
  const bytes = fromBase64(text, KEY_BYTES);
  if (bytes?.toString('latin1', 0, 2) !== 'Ed') return undefined;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(ID_END).toString('base64url') };
  return { id: bytes.subarray(2, ID_END), key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/** What is wrong with a signature of `content`, or undefined. */
export function signatureProblem(
  content: Buffer,
  signature: string,
  { id, key }: SigningKey,
): string | undefined {
  const [, line = '', comment = '', commentLine = ''] = signature.split(/\r?\n/);
  const bytes = fromBase64(line, SIGNATURE_BYTES);
  const ofComment = fromBase64(commentLine, 64);
  const kind = bytes?.toString('latin1', 0, 2);
  if (bytes === undefined || ofComment === undefined || !comment.startsWith(COMMENT)) {
    return 'it is no signature of minisign'; // M3
  }
  if (kind !== 'ED' && kind !== 'Ed') return 'it is signed in a way that is not known here'; // M3
  if (!bytes.subarray(2, ID_END).equals(id)) return 'it is signed with another key'; // M1
  const own = bytes.subarray(ID_END);
  const signed = kind === 'ED' ? createHash('blake2b512').update(content).digest() : content;
  if (!verify(null, signed, key, own)) return 'what was signed is something else'; // M1
  const said = Buffer.concat([own, Buffer.from(comment.slice(COMMENT.length))]);
  return verify(null, said, key, ofComment) ? undefined : 'its comment is not what was signed'; // M2
}

function fromBase64(text: string, byteCount: number): Buffer | undefined {
  const bytes = Buffer.from(text.trim(), 'base64');
  return bytes.byteLength === byteCount && bytes.toString('base64') === text.trim()
    ? bytes
    : undefined;
}
