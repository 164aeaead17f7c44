import { expect, test } from '@jest/globals';
import { manifestOf, unsignedAcme } from '../trust/signed-manifest.testing.js';
import { digestOf } from './digest.js';
import { noted } from './noted.js';
import { defaultPolicy } from './policy.js';

const trusting = { ...defaultPolicy, publishers: [unsignedAcme] };
const accepted = (id: string) => ({
  id,
  accepted: { version: { manifest: manifestOf({ id }), envelope: '' } },
});
const updaters = [accepted('com.acme.b'), accepted('com.acme.a'), { id: 'com.acme.waits' }];

test('a policy that trusts what was accepted is noted by its digest alone', () => {
  expect(noted(trusting, updaters)).toEqual({ policySha256: digestOf(trusting) });
});

test('one that does not names what it stops, and not what nobody had accepted', () => {
  const policy = { ...trusting, publishers: [] };
  expect(noted(policy, updaters).distrusted).toEqual(['com.acme.a', 'com.acme.b']);
});
