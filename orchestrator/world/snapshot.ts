// A snapshot: the fold of a partition's journal up to an entry, as lines of text. It is a cache: whoever
// opens the journal uses it where the journal itself names these very bytes (partition-fold.loop.ts).
//
//   head           of which version and which entry, and under which policy it was folded
//   common         the world of what is true of every machine
//   version        an updater's, before the first line that has its number
//   machine        a world
//
// Invariant: S1. Reading what was written gives the fold that was written, with everything that its
// worlds share; what is not whole, or of another version, gives a SnapshotError and nothing else.

import * as z from 'zod';
import { canonicalJson, type Head } from '../journal/chain.js';
import type { Policy } from '../policy/policy.js';
import { copyOf } from './copy.js';
import { versionFrom } from './fold-updater.js';
import type { PartitionFold } from './partition-fold.js';
import { readList, readText, readWorld, SnapshotError, writeWorld } from './snapshot-world.js';
import { shareEmptyTables } from './tables.js';
import type { MutableWorld, UpdaterVersion } from './world.js';

/**
 * Of the fold: raised by whoever changes what a world holds or what an entry makes of it, also where
 * only a manifest is read otherwise. A snapshot of another version is not used.
 */
export const FOLD_VERSION = 7;

export interface Snapshot {
  readonly head: Head;
  readonly fold: PartitionFold;
}

const headSchema = z.strictObject({
  foldVersion: z.literal(FOLD_VERSION),
  sequence: z.number().int().positive(),
  hash: z.string().length(64),
  followed: z.number().int().nonnegative(),
  machineCount: z.number().int().nonnegative(),
  retry: z.unknown(),
});

const versionSchema = z.strictObject({
  version: z.string(),
  publisher: z.string(),
  bundleSha256: z.string(),
  envelope: z.string(),
});

/** The fold as it is now. What comes later does not change it. */
export function frozen({
  common,
  worlds,
  spokenOf,
  followed,
  retry,
}: PartitionFold): PartitionFold {
  const { rollouts } = copyOf(common);
  const copy = (world: MutableWorld): MutableWorld =>
    shareEmptyTables({ ...copyOf(world), rollouts });
  const told = [...worlds].filter(([hostId]) => spokenOf.has(hostId));
  return {
    common: copy(common),
    worlds: new Map(told.map(([hostId, world]) => [hostId, copy(world)])),
    spokenOf: new Set(spokenOf),
    ...{ followed, retry },
  };
}

/** Line by line, so that whoever has something else to do can do it in between. */
export function* linesOf({ head, fold }: Snapshot): Generator<string> {
  const { common, worlds, followed, retry } = fold;
  const { sequence, hash } = head;
  const numbers = new Map<UpdaterVersion, number>();
  let unwritten: string[] = [];
  const numberOf = (version: UpdaterVersion): number => {
    const known = numbers.get(version);
    if (known !== undefined) return known;
    const { publisher, bundleSha256, envelope } = version; // The manifest is in the envelope.
    const written = { version: version.version, publisher, bundleSha256, envelope };
    unwritten.push(JSON.stringify(['version', written]));
    numbers.set(version, numbers.size);
    return numbers.size - 1;
  };
  function* withVersions(line: string): Generator<string> {
    yield* unwritten;
    unwritten = [];
    yield line;
  }
  const machineCount = worlds.size;
  yield JSON.stringify([
    'head',
    { foldVersion: FOLD_VERSION, sequence, hash, followed, machineCount, retry },
  ]);
  yield* withVersions(JSON.stringify(['common', writeWorld(common, numberOf, {})]));
  const { rollouts } = common;
  for (const [hostId, world] of worlds) {
    const written = writeWorld(world, numberOf, { rollouts });
    yield* withVersions(JSON.stringify(['machine', hostId, written]));
  }
}

export interface SnapshotReader {
  /** @throws SnapshotError */
  readonly take: (line: string) => void;
  /** @throws SnapshotError where lines are missing */
  readonly done: () => Snapshot;
}

/** @param retry of the policy in force: one that was folded under another is not read. */
export function snapshotReader(retry: Policy['retry']): SnapshotReader {
  const versions: UpdaterVersion[] = [];
  const worlds = new Map<string, MutableWorld>();
  let head: z.infer<typeof headSchema> | undefined;
  let common: MutableWorld | undefined;
  return {
    take: (line) => {
      const [kind, ...rest] = readList(parsed(line));
      if (kind === 'head') head = readHead(rest[0], retry);
      else if (head === undefined) throw new SnapshotError('it does not begin with its head');
      else if (kind === 'version') versions.push(readVersion(rest[0]));
      else if (kind === 'common') common = readWorld(rest[0], versions, {});
      else if (kind === 'machine' && common !== undefined) {
        const { rollouts } = common;
        const world = readWorld(rest[1], versions, { rollouts });
        worlds.set(readText(rest[0]), shareEmptyTables(world));
      } else throw new SnapshotError(`no line begins with ${JSON.stringify(kind)} there`);
    },
    done: () => {
      if (head === undefined || common === undefined || worlds.size !== head.machineCount) {
        throw new SnapshotError('it ends too early');
      }
      const { sequence, hash, followed } = head;
      const spokenOf = new Set(worlds.keys());
      return {
        head: { sequence, hash },
        fold: { common, worlds, spokenOf, followed, retry },
      };
    },
  };
}

function readHead(found: unknown, retry: Policy['retry']): z.infer<typeof headSchema> {
  const { foldVersion } = checked(z.looseObject({ foldVersion: z.unknown() }), found);
  if (foldVersion !== FOLD_VERSION) {
    const [its, ours] = [JSON.stringify(foldVersion), String(FOLD_VERSION)];
    throw new SnapshotError(`it is of version ${its} of the fold, and this is version ${ours}`);
  }
  const head = checked(headSchema, found);
  if (canonicalJson(head.retry) !== canonicalJson(retry)) {
    throw new SnapshotError('it was folded under a policy with another `retry`');
  }
  return head;
}

function readVersion(found: unknown): UpdaterVersion {
  const version = versionFrom(checked(versionSchema, found));
  if (version === undefined) throw new SnapshotError('a manifest in it cannot be read');
  return version;
}

function checked<T>(schema: z.ZodType<T>, found: unknown): T {
  const result = schema.safeParse(found);
  if (!result.success) throw new SnapshotError(z.prettifyError(result.error));
  return result.data;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SnapshotError('a line of it is not JSON', { cause: error });
  }
}
