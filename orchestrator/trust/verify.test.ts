// Who may come in: each obligation, and the refusal that names it.

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import semver from 'semver';
import { coversId, parsePublicKey, type Publisher } from './publisher.js';
import { envelopeOf, manifestOf, newVendor, publisherOf } from './signed-manifest.testing.js';
import { compareVersions, verifySubmission, type KnownVersion } from './verify.js';

const acme = newVendor();
const partner = newVendor();
const stranger = newVendor();
const files = [{ path: 'main', size: 1, sha256: 'b'.repeat(64) }];
const otherBundle = { sha256: 'f'.repeat(64), size: 10, files };

function verdictOf(
  envelope: Uint8Array,
  options: { publishers?: Publisher[]; known?: KnownVersion[] } = {},
) {
  const publishers = options.publishers ?? [publisherOf([acme])];
  const rules = { publishers, scopes: ['user-mode' as const] };
  return verifySubmission(envelope, rules, () => options.known ?? []);
}

function known(version: string, changes: Partial<KnownVersion> = {}): KnownVersion[] {
  const manifest = manifestOf({ version });
  return [{ publisher: 'acme', version, manifest, ...changes }];
}

/** The envelope with its payload changed after it was signed. */
function altered(envelope: Buffer): Buffer {
  const json = JSON.parse(envelope.toString()) as { payload: string };
  const payload = Buffer.from(json.payload, 'base64').toString().replace('"Tool"', '"Fool"');
  return Buffer.from(JSON.stringify({ ...json, payload: Buffer.from(payload).toString('base64') }));
}

/** The envelope with each signature said to be by the key that policy trusts. */
function claimingTrust(envelope: Buffer): Buffer {
  const trusted = JSON.parse(envelopeOf({}, acme).toString()) as {
    signatures: [{ keyid: string }];
  };
  const json = JSON.parse(envelope.toString()) as { signatures: { sig: string }[] };
  const keyid = trusted.signatures[0].keyid;
  return Buffer.from(
    JSON.stringify({ ...json, signatures: json.signatures.map(({ sig }) => ({ keyid, sig })) }),
  );
}

const two = [publisherOf([acme, partner], { threshold: 2 })];

describe('accepted', () => {
  test.each<[string, Uint8Array, Parameters<typeof verdictOf>[1]?]>([
    ['signed by the one key of its publisher', envelopeOf({}, acme)],
    ['signed by a stranger as well', envelopeOf({}, stranger, acme)],
    ['signed by as many as the threshold asks', envelopeOf({}, partner, acme), { publishers: two }],
    ['the same again', envelopeOf({}, acme), { known: known('1.0.0') }],
    ['newer than what is known', envelopeOf({}, acme), { known: known('0.9.0') }],
    ['the release after its candidate', envelopeOf({}, acme), { known: known('1.0.0-rc.1') }],
    [
      'whatever else the policy lists',
      envelopeOf({}, acme),
      { publishers: [publisherOf([stranger], { name: 'other' }), publisherOf([acme])] },
    ],
  ])('%s', (_what, envelope, options = {}) => {
    expect(verdictOf(envelope, options)).toMatchObject({
      kind: 'verified',
      manifest: { id: 'com.acme.tool' },
      publisher: { name: 'acme' },
    });
  });

  test('with the ids of the keys that vouch, and of no other', () => {
    const verdict = verdictOf(envelopeOf({}, stranger, acme));
    expect(verdict.kind === 'verified' ? verdict.keyIds : []).toHaveLength(1);
  });
});

describe('refused', () => {
  test.each<[string, Uint8Array, string, Parameters<typeof verdictOf>[1]?]>([
    ['no envelope', Buffer.from('{}'), 'SIGNATURE_MISSING'],
    ['random bytes', Buffer.from([0, 255, 3]), 'SIGNATURE_MISSING'],
    ['unsigned', envelopeOf({}), 'SIGNATURE_MISSING'],
    ['an unknown field, though signed', envelopeOf({ more: 1 }, acme), 'MANIFEST_INVALID'],
    ['an id that is a path', envelopeOf({ id: '../../etc' }, acme), 'MANIFEST_INVALID'],
    ['altered after signing', altered(envelopeOf({}, acme)), 'SIGNATURE_INVALID'],
    ['signed with another key', envelopeOf({}, stranger), 'SIGNATURE_INVALID'],
    [
      'another key under a trusted name',
      claimingTrust(envelopeOf({}, stranger)),
      'SIGNATURE_INVALID',
    ],
    [
      'one key signing twice for two (T12)',
      envelopeOf({}, acme, acme),
      'SIGNATURE_INVALID',
      { publishers: two },
    ],
    [
      'one of two signatures altered',
      altered(envelopeOf({}, acme, partner)),
      'SIGNATURE_INVALID',
      { publishers: two },
    ],
    [
      'a publisher policy does not name',
      envelopeOf({ publisher: 'evil' }, acme),
      'PUBLISHER_UNKNOWN',
    ],
    ["another publisher's id", envelopeOf({ id: 'com.other.tool' }, acme), 'PUBLISHER_UNKNOWN'],
    [
      'an id that only begins alike',
      envelopeOf({ id: 'com.acmes.tool' }, acme),
      'PUBLISHER_UNKNOWN',
    ],
    ['no publisher trusted at all', envelopeOf({}, acme), 'PUBLISHER_UNKNOWN', { publishers: [] }],
    ['a driver', envelopeOf({ scope: 'driver' }, acme), 'SCOPE_REFUSED'],
    [
      'an id of somebody else',
      envelopeOf({}, acme),
      'ID_TAKEN',
      { known: known('0.1.0', { publisher: 'first' }) },
    ],
    [
      'a version with another digest',
      envelopeOf({}, acme),
      'VERSION_TAKEN',
      { known: known('1.0.0', { manifest: manifestOf({ bundle: otherBundle }) }) },
    ],
    [
      'a version with the same files that asks for something else',
      envelopeOf({ egress: ['elsewhere.example'] }, acme),
      'VERSION_TAKEN',
      { known: known('1.0.0') },
    ],
    [
      'an older version (T11)',
      envelopeOf({}, acme),
      'VERSION_DOWNGRADE',
      { known: known('1.0.1') },
    ],
    // T11: of two builds of one version nobody can say which one is the older.
    ...(['1', '3'] as const).map((build): [string, Uint8Array, string, object] => [
      `another build of a version, ${build} after 2`,
      envelopeOf({ version: `1.0.0+${build}` }, acme),
      'VERSION_TAKEN',
      { known: known('1.0.0+2') },
    ]),
    [
      'a candidate after its release',
      envelopeOf({ version: '1.0.0-rc.1' }, acme),
      'VERSION_DOWNGRADE',
      { known: known('1.0.0') },
    ],
  ])('%s', (_what, envelope, code, options = {}) => {
    const verdict = verdictOf(envelope, options);
    expect(verdict).toMatchObject({ kind: 'refused', code });
    expect(verdict.kind === 'refused' && verdict.message.length > 10).toBe(true);
  });

  test('with the ids that a known publisher may use, where it is the id that is wrong', () => {
    const wordsFor = (change: Record<string, string>): unknown => {
      const verdict = verdictOf(envelopeOf(change, acme));
      return verdict.kind === 'refused' ? verdict.message : undefined;
    };
    expect(wordsFor({ id: 'org.acme.tool' })).toMatch(
      /for org\.acme\.tool; its ids are com\.acme\./,
    );
    expect(wordsFor({ publisher: 'evil' })).toMatch(/add its key/);
  });

  test.each([
    ['manifest', { egress: ['elsewhere.example'] }],
    ['digest', { bundle: otherBundle }],
  ])('with what it is that differs of a version that was here already: its %s', (what, change) => {
    const verdict = verdictOf(envelopeOf(change, acme), { known: known('1.0.0') });
    expect(verdict).toMatchObject({
      message: expect.stringContaining(`with another ${what};`) as unknown,
    });
  });

  test('with the id and version that were asked for, as far as they could be read', () => {
    expect(verdictOf(envelopeOf({}))).toMatchObject({ id: 'com.acme.tool', version: '1.0.0' });
    expect(verdictOf(Buffer.from('x'))).toMatchObject({ id: '', version: '' });
  });

  test('in words that cannot act on a terminal (T17)', () => {
    const verdict = verdictOf(envelopeOf({ '\u001b[2J': 1, ['x'.repeat(9_000)]: 1 }, acme));
    const message = verdict.kind === 'refused' ? verdict.message : '';
    expect(message).not.toContain('\u001b');
    expect(message.length).toBeLessThanOrEqual(2_048);
  });
});

describe('versions', () => {
  const number = fc.nat(20).map(String);
  // Few, so that many are alike up to what comes behind them.
  const core = fc.constantFrom('2', '10');
  const word = fc.stringMatching(/^[0-9A-Za-z-]{1,4}$/);
  const part = fc.oneof(number, word).filter((text) => !/^0\d+$/.test(text));
  const optional = (mark: string) =>
    fc.oneof(
      fc.constant(''),
      fc.array(part, { minLength: 1, maxLength: 3 }).map((all) => mark + all.join('.')),
    );
  const version = fc
    .tuple(fc.tuple(core, core, core), optional('-'), optional('+'))
    .map(([cores, pre, build]) => cores.join('.') + pre + build)
    .filter((text) => semver.valid(text) !== null);

  test('are ordered as semantic versioning says', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b))).toBe(semver.compare(a, b));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['1.0.0-alpha', '1.0.0-alpha.1'],
    ['1.0.0-alpha.1', '1.0.0-alpha.beta'],
    ['1.0.0-alpha.beta', '1.0.0-beta'],
    ['1.0.0-beta', '1.0.0-beta.2'],
    ['1.0.0-beta.2', '1.0.0-beta.11'],
    ['1.0.0-9', '1.0.0-1a'],
    ['1.0.0-10', '1.0.0-a9'],
    ['1.0.0-rc.1', '1.0.0'],
    ['9.0.0', '10.0.0'],
    ['1.00.5', '1.0.9'],
    ['1.0.9007199254740992', '1.0.9007199254740993'],
  ])('%s comes before %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
  });
});

describe('publishers', () => {
  test.each([
    ['com.acme.*', 'com.acme.tool', true],
    ['com.acme.*', 'com.acme.tool.more', true],
    ['com.acme.*', 'com.acme', false],
    ['com.acme.*', 'com.acmes.tool', false],
    ['com.acme.tool', 'com.acme.tool', true],
    ['com.acme.tool', 'com.acme.tool2', false],
  ])('%s covers %s: %s', (pattern, id, covered) => {
    expect(coversId(pattern, id)).toBe(covered);
  });

  test('keys are read as PEM and as base64 DER, and only Ed25519 ones', () => {
    const pem = acme.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const der = acme.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(parsePublicKey(pem)?.equals(acme.publicKey)).toBe(true);
    expect(parsePublicKey(der)?.equals(acme.publicKey)).toBe(true);
    for (const text of ['', 'nonsense', der.slice(4), pem.replace('BEGIN', 'BEGIN RSA')]) {
      expect(parsePublicKey(text)).toBeUndefined();
    }
    const others = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('ed448'),
    ];
    for (const { publicKey } of others) {
      const text = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      expect(parsePublicKey(text)).toBeUndefined();
    }
  });
});
