import { expect, test } from '@jest/globals';
import { identityIn } from './bucket-identity.kv.js';

const said = { created: '2026-11-30T10:00:00Z', state: { last_seq: 7 } };

test('a bucket is as old as its server says, by the clock of that', () => {
  const ageMs = identityIn({ ...said, ts: '2026-11-30T10:01:00Z' }).ageMs;
  expect(ageMs).toBe(60_000);
});

test('a server before 2.10 does not say how old it is: then it was made just now, and nobody gets a place too soon', () => {
  expect(identityIn(said)).toEqual({ created: said.created, ageMs: 0, lastRevision: 7 });
});
