import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { goodSignatures, keyIdOf, parseEnvelope, PAYLOAD_TYPE, signEnvelope } from './envelope.js';
import { ENVELOPE_BYTES_MAX } from './envelope-size.js';

const vendor = generateKeyPairSync('ed25519');
const second = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const payload = Buffer.from('{"id":"dev.example.tool"}');

interface Json {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string }[];
}

function signed(...keys: KeyObject[]): Json {
  return JSON.parse(Buffer.from(signEnvelope(payload, keys)).toString()) as Json;
}

/** Ids of the trusted keys that vouch for it; "not an envelope" where it is none. */
function vouching(json: unknown, trusted: KeyObject[] = [vendor.publicKey]) {
  const envelope = parseEnvelope(Buffer.from(JSON.stringify(json)));
  return envelope === undefined ? 'not an envelope' : goodSignatures(envelope, trusted);
}

const vendorId = keyIdOf(vendor.publicKey);

describe('who vouches', () => {
  test('the key that signed, and the payload comes out as it went in', () => {
    expect(vouching(signed(vendor.privateKey))).toEqual([vendorId]);
    expect(parseEnvelope(signEnvelope(payload, []))?.payload).toEqual(payload);
  });

  test('nobody, when nobody signed', () => {
    expect(vouching(signed())).toEqual([]);
  });

  test('nobody, when only a stranger signed', () => {
    expect(vouching(signed(stranger.privateKey))).toEqual([]);
  });

  test('a key counts once however often it signed (T12)', () => {
    const twice = signed(vendor.privateKey, vendor.privateKey);
    expect(vouching(twice, [vendor.publicKey, second.publicKey])).toEqual([vendorId]);
  });

  test('each of two that signed', () => {
    const both = signed(vendor.privateKey, second.privateKey);
    expect(vouching(both, [vendor.publicKey, second.publicKey])).toEqual([
      vendorId,
      keyIdOf(second.publicKey),
    ]);
  });

  test("a stranger's signature under a trusted key's id is worth nothing", () => {
    const json = signed(stranger.privateKey);
    for (const signature of json.signatures) signature.keyid = vendorId;
    expect(vouching(json)).toEqual([]);
  });

  test('a signature over the bare payload, made for something else, is worth nothing', async () => {
    const { sign } = await import('node:crypto');
    const json = signed(vendor.privateKey);
    for (const each of json.signatures) {
      each.sig = sign(null, payload, vendor.privateKey).toString('base64');
    }
    expect(vouching(json)).toEqual([]);
  });
});

describe('one bit is changed', () => {
  test('anywhere in the payload: nobody vouches any more', () => {
    const json = signed(vendor.privateKey);
    fc.assert(
      fc.property(fc.nat(payload.length * 8 - 1), (bit) => {
        const bytes = Buffer.from(payload);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(vouching({ ...json, payload: bytes.toString('base64') })).toEqual([]);
      }),
    );
  });

  test('anywhere in the signature: nobody vouches any more', () => {
    const json = signed(vendor.privateKey);
    const original = Buffer.from(json.signatures[0]?.sig ?? '', 'base64');
    fc.assert(
      fc.property(fc.nat(original.length * 8 - 1), (bit) => {
        const bytes = Buffer.from(original);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const signatures = [{ keyid: vendorId, sig: bytes.toString('base64') }];
        expect(vouching({ ...json, signatures })).toEqual([]);
      }),
    );
  });
});

describe('not an envelope', () => {
  const good = signed(vendor.privateKey);
  test.each<[string, unknown]>([
    ['another payload type', { ...good, payloadType: 'application/json' }],
    ['an unknown field', { ...good, extra: 1 }],
    ['an unknown field in a signature', { ...good, signatures: [{ ...good.signatures[0], x: 1 }] }],
    ['a key id in capitals', { ...good, signatures: [{ keyid: vendorId.toUpperCase(), sig: '' }] }],
    [
      'more signatures than anybody needs',
      { ...good, signatures: Array(17).fill(good.signatures[0]) },
    ],
    ['a payload that is not base64', { ...good, payload: '***' }],
    ['no signatures field', { payloadType: PAYLOAD_TYPE, payload: '' }],
    ['a list', [good]],
    ['null', null],
  ])('%s', (_what, json) => {
    expect(vouching(json)).toBe('not an envelope');
  });

  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['too many bytes', Buffer.alloc(ENVELOPE_BYTES_MAX + 1, 0x20)],
  ])('%s', (_what, bytes) => {
    expect(parseEnvelope(bytes)).toBeUndefined();
  });

  test('whatever the bytes are, reading them does not throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(parseEnvelope(bytes)).toBeUndefined();
        },
      ),
    );
  });
});
