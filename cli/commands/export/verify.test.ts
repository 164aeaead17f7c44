// An auditor who trusts nobody: what is done to a journal between two of their visits shows (T18).

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect, describe, test } from '@jest/globals';
import fc from 'fast-check';
import { chainEntry, genesis, type Head } from '../../../orchestrator/journal/chain.js';
import { signCheckpoint, verifierKey } from '../../../orchestrator/journal/checkpoint.js';
import { emptyTree, grown, rootOf } from '../../../orchestrator/journal/tree.js';
import {
  contradiction,
  nothingBefore,
  readNote,
  signersOf,
  walk,
  type Before,
  type ExportedEntry,
} from './verify.js';

const { privateKey } = generateKeyPairSync('ed25519');
const key = verifierKey(createPublicKey(privateKey));
const stranger = generateKeyPairSync('ed25519').privateKey;

function journal(ids: readonly string[], from: Head = genesis): ExportedEntry[] {
  let head = from;
  return ids.map((id) => {
    const fact = { kind: 'updater.withdrawn', id, actor: 'operator' } as const;
    const { sequence, atMs, body, hash } = chainEntry(head, 1_000, fact);
    head = { sequence, hash };
    return { sequence, atMs, body, hash };
  });
}

const ids = Array.from({ length: 11 }, (_, at) => `com.acme.nr${String(at)}`);
const entries = journal(ids);

function treeOf(some: readonly ExportedEntry[]) {
  return grown(
    emptyTree,
    some.map(({ hash }) => hash),
  );
}

function checkpointOf(some: readonly ExportedEntry[], by = privateKey): string {
  const root = rootOf(treeOf(some));
  return signCheckpoint({ origin: some[0]?.hash ?? '', size: some.length, root }, by);
}

async function* each(some: readonly ExportedEntry[]) {
  for (const entry of some) yield await Promise.resolve(entry);
}

/** What an auditor with this checkpoint says of what is there now. */
async function verdict(
  kept: string,
  now: readonly ExportedEntry[],
  before: Before = nothingBefore,
) {
  const note = readNote(kept);
  if (note === undefined) return 'no checkpoint';
  const walked = await walk(before, each(now), [note.size]);
  const unsigned = signersOf(note, [key]).length === 0 ? 'not signed' : undefined;
  return walked.problem ?? contradiction(note, walked) ?? unsigned;
}

test('what was written since goes on from every checkpoint of before', async () => {
  for (let size = 1; size <= entries.length; size += 1) {
    expect(await verdict(checkpointOf(entries.slice(0, size)), entries)).toBeUndefined();
  }
});

test('a stretch is held against every checkpoint that lies in it, and says so of the others', async () => {
  for (let from = 0; from < entries.length; from += 1) {
    const [earlier, stretch] = [entries.slice(0, from), entries.slice(from)];
    const subtrees = treeOf(earlier).subtrees.map((root) => root.toString('hex'));
    const before = { sequence: from, hash: earlier.at(-1)?.hash ?? genesis.hash, subtrees };
    for (let size = 1; size <= entries.length; size += 1) {
      const found = await verdict(checkpointOf(entries.slice(0, size)), stretch, before);
      if (size >= from) expect(found).toBeUndefined();
      else expect(found).toContain('begins after that');
    }
    const forged = { ...before, subtrees: subtrees.map(() => 'f'.repeat(64)) };
    const found = await verdict(checkpointOf(entries), stretch, forged);
    if (from > 0) expect(found).toContain('are not those');
    const fewer = await verdict(checkpointOf(entries), stretch, { ...before, subtrees: [] });
    if (from > 0) expect(fewer).toContain('before.json');
  }
});

describe('what was done to the journal since', () => {
  const kept = checkpointOf(entries.slice(0, 8));
  const rewritten = (at: number) => journal(ids.with(at, 'com.acme.other'));

  test.each<[string, readonly ExportedEntry[], string]>([
    ['cut', entries.slice(0, 7), 'the end was cut off'],
    [
      'put back from a backup, and gone on with',
      journal([...ids.slice(0, 6), 'b', 'c', 'd']),
      'are not those',
    ],
    ['rewritten whole, with good hashes', rewritten(3), 'are not those'],
    ['rewritten from its first entry on', rewritten(0), 'another journal'],
    ['another one', journal(['x', 'y', 'z', 'x', 'y', 'z', 'x', 'y', 'z']), 'another journal'],
    ['without one in the middle', entries.toSpliced(4, 1), 'entry 5 is missing'],
    [
      'with two that changed places',
      [...entries.slice(0, 4), ...entries.slice(4, 6).reverse()],
      'is missing',
    ],
    ['with one twice', entries.toSpliced(4, 0, ...entries.slice(3, 4)), 'entry 5 is missing'],
    ['of another instant', entries.with(4, { ...entry(4), atMs: 1_001 }), 'entry 5 was altered'],
    ['empty', [], 'the end was cut off'],
  ])('%s: it shows', async (_what, now, words) => {
    expect(await verdict(kept, now)).toContain(words);
  });

  test('only what came after the checkpoint may have been rewritten', async () => {
    expect(await verdict(kept, rewritten(8))).toBeUndefined();
  });

  test('any byte of any body', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(entries.length - 1), fc.nat(), async (at, where) => {
        const { body } = entry(at);
        const cut = where % body.length;
        const changed = `${body.slice(0, cut)}${body[cut] === 'q' ? 'p' : 'q'}${body.slice(cut + 1)}`;
        const now = entries.with(at, { ...entry(at), body: changed });
        expect(await verdict(kept, now)).toContain('was altered');
      }),
      { numRuns: 100 },
    );
  });
});

describe('a checkpoint', () => {
  test('of a stranger, or of a stranger under our name, is not signed', async () => {
    expect(await verdict(checkpointOf(entries, stranger), entries)).toBe('not signed');
    const line = (note: string): string => note.split('\n').at(-2) ?? '';
    const theirs = checkpointOf(entries, stranger);
    const forged = theirs.replace(line(theirs), line(checkpointOf(entries.slice(0, 3))));
    expect(await verdict(forged, entries)).toBe('not signed');
  });

  test('that somebody else has signed as well is as good', async () => {
    const [ours, theirs] = [checkpointOf(entries), checkpointOf(entries, stranger)];
    const both = `${theirs}${ours.split('\n').at(-2) ?? ''}\n`;
    expect(await verdict(both, entries)).toBeUndefined();
  });

  test('that is changed anywhere is none, is not signed, or contradicts', async () => {
    const note = checkpointOf(entries);
    for (let at = 0; at < note.length; at += 1) {
      const changed = `${note.slice(0, at)}${note[at] === 'Q' ? 'R' : 'Q'}${note.slice(at + 1)}`;
      expect([at, await verdict(changed, entries)]).not.toEqual([at, undefined]);
    }
  });

  test('whatever the bytes are, reading them does not throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, more) => {
        for (const bytes of [text, checkpointOf(entries) + text, text + checkpointOf(entries)]) {
          const note = readNote(bytes);
          if (note !== undefined) signersOf(note, [key, text, more]);
        }
      }),
    );
  });
});

function entry(at: number): ExportedEntry {
  const found = entries[at];
  if (found === undefined) throw new Error(`no entry ${String(at)}`);
  return found;
}
