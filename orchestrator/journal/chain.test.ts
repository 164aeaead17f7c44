// The hash chain: an honest journal verifies, and every way to change one shows (T18).

import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, chainEntry, genesis, verifyChain, type StoredEntry } from './chain.js';
import type { Fact } from './fact.js';

function note(message: string): Fact {
  return { kind: 'run.notice', runId: 'run-1', message };
}

function chainOf(messages: readonly string[], head = genesis): StoredEntry[] {
  let at = head;
  return messages.map((message, index) => {
    const { sequence, atMs, body, hash } = chainEntry(at, 1_000 + index, note(message));
    at = { sequence, hash };
    return { sequence, atMs, body, hash };
  });
}

const five = chainOf(['a', 'b', 'c', 'd', 'e']);
const [first, second, third, fourth, fifth] = five as [
  StoredEntry,
  StoredEntry,
  StoredEntry,
  StoredEntry,
  StoredEntry,
];

test('a chain verifies, from its start and from any head in the middle', () => {
  expect(verifyChain(genesis, five)).toEqual({
    kind: 'whole',
    head: { sequence: 5, hash: fifth.hash },
  });
  const middle = { sequence: 2, hash: second.hash };
  expect(verifyChain(middle, [third, fourth, fifth])).toMatchObject({ kind: 'whole' });
  expect(verifyChain(genesis, [])).toEqual({ kind: 'whole', head: genesis });
});

test('anyone can recompute a hash from what is stored', () => {
  const text = `lull.journal.v1\n${first.hash}\n2\n${String(second.atMs)}\n${second.body}`;
  expect(createHash('sha256').update(text).digest('hex')).toBe(second.hash);
});

describe('what was changed shows, and where', () => {
  const spaced = third.body.replace('{', '{ ');
  test.each<[string, StoredEntry[], number]>([
    ['the words', [first, second, { ...third, body: third.body.replace('"c"', '"x"') }, fourth], 3],
    ['only the spacing of the words (C1)', [first, second, { ...third, body: spaced }], 3],
    ['the instant', [first, { ...second, atMs: second.atMs - 1 }, third], 2],
    ['the hash', [first, { ...second, hash: third.hash }], 2],
    ['cut from the middle', [first, second, fourth, fifth], 3],
    ['cut from the start', [second, third], 1],
    ['two swapped', [first, third, second], 2],
    ['two swapped and renumbered', [first, { ...third, sequence: 2 }], 2],
    ['one twice', [first, second, second, third], 3],
    ['one added from another chain', [...five, ...chainOf(['x'], { sequence: 5, hash: '' })], 6],
  ])('%s', (_what, entries, atSequence) => {
    expect(verifyChain(genesis, entries)).toMatchObject({ kind: 'broken', atSequence });
  });

  test('an entry rewritten with a good hash of its own breaks the one after it', () => {
    const [forged] = chainOf(['x'], { sequence: 1, hash: first.hash }) as [StoredEntry];
    expect(verifyChain(genesis, [first, forged, third])).toMatchObject({ atSequence: 3 });
  });

  test('a cut end verifies by itself: only an earlier head knows that more was there', () => {
    const verdict = verifyChain(genesis, [first, second]);
    expect(verdict).toMatchObject({ kind: 'whole', head: { sequence: 2 } });
  });

  test('every single changed character of any body', () => {
    const entries = fc
      .array(fc.string(), { minLength: 1, maxLength: 6 })
      .map((all) => chainOf(all));
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (chain, which, where) => {
        const entry = chain[which % chain.length] ?? first;
        const cut = where % entry.body.length;
        const changed = entry.body[cut] === 'x' ? 'y' : 'x';
        const body = `${entry.body.slice(0, cut)}${changed}${entry.body.slice(cut + 1)}`;
        const altered = chain.map((each) => (each === entry ? { ...entry, body } : each));
        expect(verifyChain(genesis, altered)).toMatchObject({
          kind: 'broken',
          atSequence: entry.sequence,
        });
      }),
    );
  });
});

describe('canonical JSON', () => {
  test.each<[unknown, string]>([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ a: undefined, b: {} }, '{"b":{}}'],
    [{ '10': 1, '9': 2, A: 3, a: 4 }, '{"10":1,"9":2,"A":3,"a":4}'],
    ['ä\n"', '"ä\\n\\""'],
  ])('of %j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test('means the same as JSON and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const backwards = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(value)).toBe(canonicalJson(backwards));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
