// The digest by which the journal knows a policy: of all of it, and of a key only which one it is.

import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { keyIdOf } from '../../bundle/envelope.js';
import { digestOf } from './digest.js';
import { defaultPolicy, type Policy } from './policy.js';

const key = () => generateKeyPairSync('ed25519').publicKey;
const known = key();
const publisher = { name: 'p', keys: [known], threshold: 1, ids: ['a.*'], auto: 'never' } as const;
const policy: Policy = { ...defaultPolicy, publishers: [publisher] };

test.each<[what: string, Policy]>([
  ['a number', { ...policy, leaseMs: policy.leaseMs + 1 }],
  ['a number within', { ...policy, battery: { ...policy.battery, startPercent: 21 } }],
  ['no publisher', { ...policy, publishers: [] }],
  ['a name of a publisher', { ...policy, publishers: [{ ...publisher, name: 'q' }] }],
  ['how many have to sign', { ...policy, publishers: [{ ...publisher, threshold: 2 }] }],
  ['another key', { ...policy, publishers: [{ ...publisher, keys: [key()] }] }],
  ['one key more', { ...policy, publishers: [{ ...publisher, keys: [known, key()] }] }],
])('is another one for %s', (_what, other) => {
  expect(digestOf(other)).not.toBe(digestOf(policy));
});

test('is the same for the same policy, also where it was read once more', () => {
  expect(digestOf({ ...policy, publishers: [{ ...publisher }] })).toBe(digestOf(policy));
  expect(digestOf(policy)).toMatch(/^[0-9a-f]{64}$/);
  expect(keyIdOf(known)).toMatch(/^[0-9a-f]+$/);
});
