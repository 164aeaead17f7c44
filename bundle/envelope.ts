// DSSE envelopes: a manifest's bytes and who vouches for them.
//
// The signature covers the payload type as well as the payload (the pre-authentication encoding of
// DSSE v1), so that a signature made for something else cannot be used here.

import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { ENVELOPE_BYTES_MAX } from './envelope-size.js';

export const PAYLOAD_TYPE = 'application/vnd.lull.manifest+json';
const SIGNATURES_MAX = 16;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

const envelopeSchema = z.strictObject({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: base64.max(ENVELOPE_BYTES_MAX),
  signatures: z
    .array(z.strictObject({ keyid: z.string().regex(/^[0-9a-f]{64}$/), sig: base64.max(256) }))
    .max(SIGNATURES_MAX),
});

export interface Envelope {
  readonly payload: Uint8Array;
  readonly signatures: readonly { readonly keyId: string; readonly signature: Uint8Array }[];
}

/** The envelope, or undefined when the bytes are not one. */
export function parseEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (bytes.byteLength > ENVELOPE_BYTES_MAX) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Bytes from outside that are not JSON are an expected answer: "not an envelope".
    return undefined;
  }
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) return undefined;
  return {
    payload: Buffer.from(parsed.data.payload, 'base64'),
    signatures: parsed.data.signatures.map(({ keyid, sig }) => ({
      keyId: keyid,
      signature: Buffer.from(sig, 'base64'),
    })),
  };
}

/** Wraps and signs a manifest. Without keys the envelope is well-formed and vouched for by nobody. */
export function signEnvelope(payload: Uint8Array, privateKeys: readonly KeyObject[]): Uint8Array {
  const bytes = preAuthenticationEncoding(payload);
  return Buffer.from(
    JSON.stringify({
      payloadType: PAYLOAD_TYPE,
      payload: Buffer.from(payload).toString('base64'),
      signatures: privateKeys.map((key) => ({
        keyid: keyIdOf(createPublicKey(key)),
        sig: sign(null, bytes, key).toString('base64'),
      })),
    }),
  );
}

/**
 * Key ids among `trusted` with a good signature. Each key counts once, however often it signed, and however
 * often it is trusted: a list may have it in two forms.
 */
export function goodSignatures(envelope: Envelope, trusted: readonly KeyObject[]): string[] {
  const bytes = preAuthenticationEncoding(envelope.payload);
  const good = trusted.flatMap((key) => {
    const keyId = keyIdOf(key);
    const signed = envelope.signatures.some(
      (each) => each.keyId === keyId && verify(null, bytes, key, each.signature),
    );
    return signed ? [keyId] : [];
  });
  return [...new Set(good)];
}

/**
 * sha256 of what an envelope holds, hexadecimal: of the manifest, and with it of the bundle. Who signed it does
 * not count. Of bytes that are no envelope it is that of nothing.
 */
export function envelopeDigest(bytes: Uint8Array): string {
  return createHash('sha256')
    .update(parseEnvelope(bytes)?.payload ?? '')
    .digest('hex');
}

/** sha256 over the key's SubjectPublicKeyInfo, hexadecimal. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function preAuthenticationEncoding(payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${String(PAYLOAD_TYPE.length)} ${PAYLOAD_TYPE} ${String(payload.byteLength)} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
