// Free space of what updates are written to. A path that is not there yet is on the file system of the
// directory in which it would be made.
//
// Invariants:
//   F1. A file system that does not answer, or slowly, costs its own paths their answer and no other's.
//   F2. Those that hang hold HANGING_MAX of the four threads that all file access shares; the last of
//       them is not for what lies on another machine.
//   F3. A round ends before whoever asked gives up on all of it.

import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DeadlineError, within } from '../../runtime/deadline.js';
import type { Value } from '../../conditions/reading.js';
import {
  measurement,
  numberValue,
  unknownValue,
  type Measurement,
  type Subject,
} from '../reading/measurement.js';
import { distantMountOf, parseDistantMounts } from '../reading/mounts.js';
import type { Probe } from './probe.js';
import { readText, whyNotRead } from './text-file.js';

/** Free space is looked at again by whoever writes; here it only has to be about right. */
const EVERY_MS = 5_000;
/** A file system that takes longer (a dead network mount) is left alone until it answers. */
const STATFS_MS_MAX = 200;
/** Nothing is asked any more after this long: with one that hangs, a round takes half a second. */
const ASKING_MS_MAX = 250;
const HANGING_MAX = { distant: 2, all: 3 };

type Statfs = (path: string) => Promise<{ bavail: bigint; bsize: bigint }>;

/** @param paths what is asked about now. */
export function diskFreeProbe(
  paths: () => readonly string[],
  procRoot: string,
  ask: Statfs = (path) => statfs(path, { bigint: true }),
): Probe {
  const hanging = new Set<string>();
  /** How long each took to answer last. */
  let tookMs: ReadonlyMap<string, number> = new Map();

  async function freeAt(path: string, mounts: readonly string[]): Promise<Value> {
    const mount = distantMountOf(path, mounts);
    const same = [...hanging].find(
      (each) => each === path || (mount !== undefined && distantMountOf(each, mounts) === mount),
    );
    if (same !== undefined) return unknownValue(`the file system of ${same} does not answer`);
    if (hanging.size >= (mount === undefined ? HANGING_MAX.all : HANGING_MAX.distant)) {
      const many = [...hanging].join(', '); // F2
      return unknownValue(`the file systems of ${many} do not answer; no more are asked meanwhile`);
    }
    hanging.add(path);
    const answer = statfsWhereItIs(path, ask);
    const settle = (): void => {
      hanging.delete(path);
    };
    answer.then(settle, settle);
    try {
      const { bavail, bsize } = await within(answer, STATFS_MS_MAX, `statfs ${path}`);
      return numberValue('disk.free', Number(bavail * bsize));
    } catch (error) {
      const why =
        error instanceof DeadlineError
          ? `the file system of ${path} does not answer`
          : whyNotRead(path, error, 'create it, or leave it out');
      return unknownValue(why);
    }
  }

  const subjectsOf = (asked: readonly string[]): Subject[] =>
    asked.map((path) => ({ signal: 'disk.free', instance: path }));
  return {
    name: 'statfs',
    get subjects() {
      return subjectsOf(paths());
    },
    everyMs: EVERY_MS,
    measure: async () => {
      const asked = paths();
      const startMs = performance.now();
      const took = new Map<string, number>();
      const values = new Map<string, Value>();
      // Whoever answered at once is asked first, and who is slow or new last (F1).
      const lastMs = (path: string): number => tookMs.get(path) ?? STATFS_MS_MAX / 2;
      for (const path of asked.toSorted((a, b) => lastMs(a) - lastMs(b))) {
        const fromMs = performance.now();
        if (fromMs - startMs > ASKING_MS_MAX) break; // F3
        const value = await freeAt(path, hanging.size > 0 ? distantMounts(procRoot) : []);
        values.set(path, value);
        took.set(path, value.kind === 'number' ? performance.now() - fromMs : STATFS_MS_MAX);
      }
      tookMs = took;
      const late = unknownValue('other file systems took the time of this round');
      return subjectsOf(asked).map((subject) => {
        const value = values.get(subject.instance) ?? late;
        return measurement(subject, 'statfs', value);
      });
    },
  };
}

/** Which mounts may hang is looked up only while something does. */
function distantMounts(procRoot: string): string[] {
  const file = readText(join(procRoot, 'self', 'mountinfo'), '');
  return file.kind === 'text' ? parseDistantMounts(file.text) : [];
}

async function statfsWhereItIs(path: string, ask: Statfs): ReturnType<Statfs> {
  for (let at = path; ; at = dirname(at)) {
    try {
      return await ask(at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at)) throw error;
    }
  }
}

/** What is said of a file system once nobody asks about it. */
export function notMeasured(path: string): Measurement {
  const value = unknownValue('no update is written to it');
  return { signal: 'disk.free', instance: path, source: 'nobody', value };
}
