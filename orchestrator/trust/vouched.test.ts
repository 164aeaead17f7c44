// Whether what was accepted is trusted still, by the policy of now.

import { describe, expect, test } from '@jest/globals';
import { envelopeOf, manifestOf, newVendor, publisherOf } from './signed-manifest.testing.js';
import type { Publisher } from './publisher.js';
import { distrust, type Vouched } from './vouched.js';

const [acme, second, stranger] = [newVendor(), newVendor(), newVendor()];

function versionSignedBy(...vendors: Parameters<typeof publisherOf>[0]): Vouched {
  return { manifest: manifestOf(), envelope: envelopeOf({}, ...vendors).toString('base64') };
}

describe('what a key of its publisher signed', () => {
  const version = versionSignedBy(acme);

  test.each<[string, Publisher[]]>([
    ['as it came', [publisherOf([acme])]],
    ['though it is not accepted by itself any more', [publisherOf([acme], { auto: 'never' })]],
    ['while its key is replaced by another one', [publisherOf([second, acme])]],
    ['whoever else is there', [publisherOf([stranger], { name: 'other' }), publisherOf([acme])]],
    ['by one of several ids', [publisherOf([acme], { ids: ['org.acme.*', 'com.acme.*'] })]],
    ['by a rule for its id alone', [publisherOf([acme], { ids: ['com.acme.tool'] })]],
  ])('is trusted %s', (_when, publishers) => {
    expect(distrust(version, { publishers })).toBeUndefined();
  });

  test.each<[string, Publisher[], string]>([
    ['its publisher is named', [], 'add its key under "publishers"'],
    ['one of that name is', [publisherOf([acme], { name: 'acme2' })], 'no publisher "acme"'],
    ['its id is', [publisherOf([acme], { ids: ['com.acme.other'] })], 'its ids are com.acme.other'],
    ['its key is: it was stolen', [publisherOf([second])], '1 of the keys'],
    ['its key alone is', [publisherOf([acme, second], { threshold: 2 })], '2 of the keys'],
  ])('is not any more where not %s, however often that is asked', (_what, publishers, why) => {
    expect(distrust(version, { publishers })).toContain(why);
    expect(distrust(version, { publishers })).toContain(why);
  });

  test('is again as soon as policy says so', () => {
    const trusting = [publisherOf([acme])];
    expect(distrust(version, { publishers: [] })).toBeDefined();
    expect(distrust(version, { publishers: trusting })).toBeUndefined();
    expect(distrust(version, { publishers: trusting })).toBeUndefined();
  });
});

test('who signed a version is counted anew: also a key that nobody knew when it came', () => {
  const publishers = [publisherOf([second])];
  expect(distrust(versionSignedBy(acme, second), { publishers })).toBeUndefined();
});

test('a key that policy lists twice is one', () => {
  const publishers = [publisherOf([acme, acme, second], { threshold: 2 })];
  expect(distrust(versionSignedBy(acme), { publishers })).toContain('2 of the keys');
});

test('what is in no envelope is signed by nobody', () => {
  const version = { manifest: manifestOf(), envelope: 'e30=' };
  expect(distrust(version, { publishers: [publisherOf([acme])] })).toContain('0 did');
});
