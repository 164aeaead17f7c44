// Keys and signatures as minisign makes them.

import { createHash, sign, type KeyObject } from 'node:crypto';

const ID = Buffer.alloc(8, 1);

export function minisignKey(publicKey: KeyObject): string {
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from('Ed'), ID, Buffer.from(x, 'base64url')]).toString('base64');
}

export interface HowSigned {
  readonly kind?: 'ED' | 'Ed';
  /** Of the key, eight times. */
  readonly id?: number;
  readonly idOf?: { readonly id: Buffer };
}

export function signedWith(
  { privateKey }: { readonly privateKey: KeyObject },
  content: Buffer,
  { kind = 'ED', id, idOf }: HowSigned = {},
): string {
  const signed = kind === 'ED' ? createHash('blake2b512').update(content).digest() : content;
  const signature = sign(null, signed, privateKey);
  const keyId = idOf?.id ?? (id === undefined ? ID : Buffer.alloc(8, id));
  const comment = 'timestamp:1\tfile:feed';
  const ofComment = sign(null, Buffer.concat([signature, Buffer.from(comment)]), privateKey);
  const line = Buffer.concat([Buffer.from(kind), keyId, signature]).toString('base64');
  return [
    'untrusted comment: made by a test',
    line,
    `trusted comment: ${comment}`,
    ofComment.toString('base64'),
    '',
  ].join('\n');
}
