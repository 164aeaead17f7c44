// A world as JSON and back, field by field: what snapshots are made of.
//
// Whoever reads has made sure that an orchestrator wrote these bytes for this version of the fold
// (snapshot.ts). So what is looked at here is the shape that the fold relies on, and not every value.

import type { Run } from '../runs/run.js';
import { noAges, type AgeSummary } from './absence-ages.js';
import { noRhythm, type HourSummary } from './rhythm.js';
import type {
  BadMark,
  Hold,
  MutableWorld,
  Restart,
  Rollout,
  UpdaterState,
  UpdaterVersion,
  UpdateState,
  Veto,
  Withdrawn,
  World,
} from './world.js';

/** It is not what was written, or it is of another version. */
export class SnapshotError extends Error {}

/** Versions of updaters stand apart, each once: ten thousand machines share them. */
export type NumberOf = (version: UpdaterVersion) => number;

interface Field<T> {
  readonly write: (value: T, numberOf: NumberOf) => unknown;
  readonly read: (found: unknown, versions: readonly UpdaterVersion[]) => T;
}

/** What JSON gives back as it was: no Map, Set or undefined in it, however deep. */
type Plain<T> = T extends string | number | boolean | null
  ? T
  : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | bigint | undefined
    ? never
    : { readonly [K in keyof T]: Plain<T[K]> };

const number: Field<number> = { write: (value) => value, read: readNumber };
const text: Field<string> = { write: (value) => value, read: readText };

const fields: { readonly [K in keyof World]: Field<MutableWorld[K]> } = {
  sequence: number,
  epoch: number,
  latestMs: number,
  updaters: mapOf({ write: writeUpdater, read: readUpdater }),
  withdrawn: mapOf({ write: writeWithdrawn, read: readWithdrawn }),
  updates: mapOf(plain<UpdateState>()),
  runs: mapOf(plain<Run>()),
  history: listOf(plain<Run>()),
  historyMax: number,
  lastRunEndedAtMs: number,
  holds: mapOf(plain<Hold>()),
  vetoes: mapOf(plain<Veto>()),
  tripped: orNothing(plain<Hold>()),
  demands: mapOf(number),
  bad: mapOf<readonly BadMark[]>(listOf(plain<BadMark>())),
  rhythm: summaries(noRhythm),
  ages: summaries(noAges),
  rollouts: mapOf({ write: writeRollout, read: readRollout }),
  restart: orNothing(plain<Restart>()),
  bootId: orNothing(text),
  instances: mapOf<readonly string[]>(listOf(text)),
  heard: mapOf(plain<Parameters<MutableWorld['heard']['set']>[1]>()),
};

/** What every world shares with the one of all machines is written with that alone. */
type Shared = Partial<Pick<MutableWorld, 'rollouts'>>;

export function writeWorld(world: World, numberOf: NumberOf, shared: Shared): unknown {
  const own = Object.entries(fields).filter(([name]) => !(name in shared));
  return Object.fromEntries(
    own.map(([name, field]) => [
      name,
      // Each is given the value of its own name, which this type cannot say.
      (field as Field<unknown>).write(world[name as keyof World], numberOf),
    ]),
  );
}

/** @throws SnapshotError */
export function readWorld(
  found: unknown,
  versions: readonly UpdaterVersion[],
  shared: Shared,
): MutableWorld {
  const written = readObject(found);
  const own = Object.entries(fields).filter(([name]) => !(name in shared));
  const read = own.map(([name, field]) => [name, field.read(written[name], versions)] as const);
  return Object.fromEntries([...read, ...Object.entries(shared)]) as unknown as MutableWorld;
}

function writeUpdater({ current, accepted, ...plainly }: UpdaterState, numberOf: NumberOf) {
  return {
    ...plainly,
    current: numberOf(current),
    ...(accepted === undefined ? {} : { accepted: writeAccepted(accepted, numberOf) }),
  };
}

function readUpdater(found: unknown, versions: readonly UpdaterVersion[]): UpdaterState {
  const { current, accepted, ...plainly } = readObject(found);
  return {
    current: readVersion(current, versions),
    ...(accepted === undefined ? {} : { accepted: readAccepted(accepted, versions) }),
    ...(plainly as unknown as Omit<UpdaterState, 'current' | 'accepted'>),
  };
}

function writeAccepted({ version, settings, untilMs }: Accepted, numberOf: NumberOf) {
  return [numberOf(version), [...settings], ...(untilMs === undefined ? [] : [untilMs])];
}

function readAccepted(found: unknown, versions: readonly UpdaterVersion[]): Accepted {
  const [version, settings, untilMs] = readList(found);
  return {
    version: readVersion(version, versions),
    settings: mapOf(text).read(settings, []),
    ...(untilMs === undefined ? {} : { untilMs: readNumber(untilMs) }),
  };
}

function writeWithdrawn({ current, accepted }: Withdrawn, numberOf: NumberOf) {
  return [numberOf(current), writeAccepted(accepted, numberOf)];
}

function readWithdrawn(found: unknown, versions: readonly UpdaterVersion[]): Withdrawn {
  const [current, accepted] = readList(found);
  return { current: readVersion(current, versions), accepted: readAccepted(accepted, versions) };
}

function readVersion(at: unknown, versions: readonly UpdaterVersion[]): UpdaterVersion {
  return versions[readNumber(at)] ?? damaged('a version of an updater', at);
}

function writeRollout({ failed, ...plainly }: Rollout) {
  return { ...plainly, failed: [...failed] };
}

function readRollout(found: unknown): Rollout {
  const { failed, ...plainly } = readObject(found);
  const rest = plainly as unknown as Omit<Rollout, 'failed'>;
  return { failed: mapOf(text).read(failed, []), ...rest };
}

/** Two numbers for each. Those that nothing is known of are shared, as in a fold. */
function summaries<T extends HourSummary & AgeSummary>(nothing: readonly T[]): Field<readonly T[]> {
  return {
    write: (all) => (all === nothing ? [] : all.flatMap(({ awayS, returns }) => [awayS, returns])),
    read: (found) => {
      const numbers = readList(found).map(readNumber);
      if (numbers.length === 0) return nothing;
      if (numbers.length !== 2 * nothing.length) damaged('a summary of hours', numbers.length);
      return nothing.map((each, at) => {
        const [awayS = 0, returns = 0] = numbers.slice(2 * at, 2 * at + 2);
        return awayS === 0 && returns === 0 ? each : { ...each, awayS, returns };
      });
    },
  };
}

type Accepted = Withdrawn['accepted'];

/** Called without an argument; what JSON does not give back needs one that nobody has. */
function plain<T>(..._isPlain: [T] extends [Plain<T>] ? [] : [never]): Field<T> {
  return { write: (value) => value, read: (found) => readObject(found) as T };
}

function orNothing<T>({ write, read }: Field<T>): Field<T | undefined> {
  return {
    write: (value, numberOf) => (value === undefined ? null : write(value, numberOf)),
    read: (found, versions) => (found === null ? undefined : read(found, versions)),
  };
}

function listOf<T>({ write, read }: Field<T>): {
  readonly write: Field<readonly T[]>['write'];
  readonly read: Field<T[]>['read'];
} {
  return {
    write: (values, numberOf) => values.map((value) => write(value, numberOf)),
    read: (found, versions) => readList(found).map((each) => read(each, versions)),
  };
}

function mapOf<T>({ write, read }: Field<T>): Field<Map<string, T>> {
  return {
    write: (values, numberOf) => [...values].map(([key, value]) => [key, write(value, numberOf)]),
    read: (found, versions) =>
      new Map(
        readList(found).map((each) => {
          const [key, value] = readList(each);
          return [readText(key), read(value, versions)];
        }),
      ),
  };
}

export function readObject(found: unknown): Record<string, unknown> {
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Record<string, unknown>)
    : damaged('an object', found);
}

export function readList(found: unknown): readonly unknown[] {
  return Array.isArray(found) ? found : damaged('a list', found);
}

function readNumber(found: unknown): number {
  return typeof found === 'number' ? found : damaged('a number', found);
}

export function readText(found: unknown): string {
  return typeof found === 'string' ? found : damaged('a text', found);
}

function damaged(wanted: string, found: unknown): never {
  const words = found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 40);
  throw new SnapshotError(`${words} stands where ${wanted} should`);
}
