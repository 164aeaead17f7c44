// A snapshot is a cache of the fold: nobody can tell from a world whether there was one.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { genesis, type Entry } from '../journal/chain.js';
import type { Policy } from '../policy/policy.js';
import { UPDATER } from './history.testing.js';
import { emptyFold, foldInto, worldIn, type PartitionFold } from './partition-fold.js';
import { everyFact, journalOf, storyOf } from './partition-story.testing.js';
import { SnapshotError } from './snapshot-world.js';
import { FOLD_VERSION, frozen, linesOf, snapshotReader, type Snapshot } from './snapshot.js';
import { emptyWorld } from './fold.js';
import { FLEET_HISTORY_MAX, type World } from './world.js';

/**
 * What a story of every fact amounts to, by version of the fold. When this fails, a world holds something else or an
 * entry leads to something else than before: raise FOLD_VERSION, and add its line here. A line that was
 * released is never changed.
 */
const golden: Readonly<Record<number, string>> = {
  1: '6b4a81457c0132fbe1bbc2a7c2d735f9e14c67458bc3b328475cfdcdf37b649c',
  2: 'e7a343f63bac682ab3cf96771c7d352bfafc42889c7e41469f29ffc4632157cc',
  3: '6d89e8d92a8d21f78ff4f65c85c380a9d05587219457f14b93916e14aa3f828c',
  4: '5b74a0e023310b39664b19aeff2fd8e62ea5f43e91b68f9cdafafa3a9e201771',
  5: 'dbde47366346cf2bd3f331c6befda16250e3fe66180e336f93cc80b41ae577f5',
  6: 'c69f39214072f6fa6d1b824bea9eff2e636e27b1d87b6ea80d15e872540aa72e',
  7: '707bd45099524827044ca09bb1b5805a4ed2845ff233f762490c14616d86070f',
};

/** Not the default, which may change without the fold. */
const retry: Policy['retry'] = {
  ...{ firstMs: 30_000, maxMs: 18_000_000, installMs: 1_800_000, failuresMax: 3 },
  ...{ demotedAtCount: 12, giveUpMs: 86_400_000, badContentMs: 86_400_000 },
  ...{ badContentMsMax: 1_382_400_000, networkDownMs: 1_200_000, askedMsMax: 86_400_000 },
  attemptsMax: 5,
};
const machines = ['m1', 'm2', 'm3'];

function foldOf(entries: readonly Entry[], fold = emptyFold(retry)): PartitionFold {
  for (const entry of entries) foldInto(fold, entry, retry);
  return fold;
}

function snapshotOf(entries: readonly Entry[]): Snapshot {
  const { sequence, hash } = entries.at(-1) ?? genesis;
  return { head: { sequence, hash }, fold: frozen(foldOf(entries)) };
}

function read(lines: Iterable<string>, under = retry): Snapshot {
  const reader = snapshotReader(under);
  for (const line of lines) reader.take(line);
  return reader.done();
}

const entries = storyOf(1_500, machines);
/** A snapshot now and then, in the course of it. */
const course = Array.from({ length: 50 }, (_, at) => snapshotOf(entries.slice(0, 30 * (at + 1))));
const picks = fc.array(
  fc.tuple(fc.nat({ max: everyFact.length - 1 }), fc.constantFrom(...machines)),
  { minLength: 2, maxLength: 150 },
);

describe('a fold that goes on from a snapshot', () => {
  test('is the fold of the whole journal, whatever is in it and wherever it was taken', () => {
    fc.assert(
      fc.property(picks, fc.nat(), (chosen, at) => {
        const entries = journalOf(chosen);
        const cut = 1 + (at % (entries.length - 1));
        const { fold, head } = read(linesOf(snapshotOf(entries.slice(0, cut))));
        expect(head.hash).toBe(entries[cut - 1]?.hash);
        expect(foldOf(entries.slice(cut), fold)).toStrictEqual(foldOf(entries));
      }),
      { numRuns: 100 },
    );
  });

  test('is the same with every kind of fact behind it and before it', () => {
    const whole = foldOf(entries);
    for (const snapshot of course.filter((_, at) => at % 5 === 0)) {
      const { head, fold } = read(linesOf(snapshot));
      expect(foldOf(entries.slice(head.sequence), fold)).toStrictEqual(whole);
    }
  });

  test('shares between its machines what the fold does, so that it takes no more memory', () => {
    const { fold } = read(linesOf(snapshotOf(entries)));
    const versions = machines.map((id) => fold.worlds.get(id)?.updaters.get(UPDATER)?.current);
    expect(versions[0]).toBeDefined();
    expect(new Set([...versions, fold.common.updaters.get(UPDATER)?.current]).size).toBe(1);
    for (const { rollouts } of fold.worlds.values()) expect(rollouts).toBe(fold.common.rollouts);
    const [first] = emptyWorld().rhythm;
    expect(fold.worlds.get('m1')?.rhythm[0]).toBe(first);
  });
});

describe('a snapshot', () => {
  const lines = [...linesOf(snapshotOf(entries))];

  test('has no machine that was asked about and never spoken of', () => {
    const fold = foldOf(entries);
    worldIn(fold, 'nobody');
    const { head } = snapshotOf(entries);
    const kept = read(linesOf({ head, fold: frozen(fold) })).fold.worlds;
    expect([...kept.keys()].sort()).toEqual(machines);
  });

  test('is of the instant at which it was frozen, however long it takes to write', () => {
    const fold = foldOf(entries.slice(0, 100));
    const { head } = snapshotOf(entries.slice(0, 100));
    const writing = linesOf({ head, fold: frozen(fold) });
    const begun = [writing.next().value, writing.next().value] as string[];
    foldOf(entries.slice(100), fold);
    expect([...begun, ...writing]).toEqual([...linesOf(snapshotOf(entries.slice(0, 100)))]);
  });

  test('of another version of the fold, or under another policy, is not read', () => {
    const other = lines.map((line) => line.replace(/"foldVersion":\d+/, '"foldVersion":0'));
    expect(() => read(other)).toThrow('it is of version 0 of the fold');
    expect(() => read(lines, { ...retry, attemptsMax: 6 })).toThrow('another `retry`');
  });

  test('that is cut or changed anywhere is refused as damaged, or read; nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.nat(), fc.string(), (at, where, inserted) => {
        const line = lines[at] ?? '';
        const cut = where % (line.length + 1);
        const changed = lines.with(at, line.slice(0, cut) + inserted + line.slice(cut + 1));
        for (const wrong of [changed, lines.slice(0, at), lines.toSpliced(at, 1)]) {
          try {
            read(wrong);
          } catch (error) {
            expect(error).toBeInstanceOf(SnapshotError);
          }
        }
      }),
      { numRuns: 100 },
    );
    expect(() => read(lines.slice(0, -1))).toThrow('it ends too early');
    expect(() => read([])).toThrow('it ends too early');
  });

  test('was tried with something in every field of a world', () => {
    const worlds = course.flatMap(({ fold }) => [fold.common, ...fold.worlds.values()]);
    const fallow = Object.entries(emptyWorld(FLEET_HISTORY_MAX)).filter(([name, empty]) =>
      worlds.every((world) => isDeepStrictEqual(world[name as keyof World], empty)),
    );
    expect(fallow.map(([name]) => name)).toEqual(['historyMax']);
  });

  test('is of the version that this fold has', () => {
    const text = course.flatMap((snapshot) => [...linesOf(snapshot)]).join('\n');
    const digest = createHash('sha256').update(text).digest('hex');
    expect({ [FOLD_VERSION]: digest }).toEqual({ [FOLD_VERSION]: golden[FOLD_VERSION] });
  });
});
