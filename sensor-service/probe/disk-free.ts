import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { within } from '../../runtime/deadline.js';
import type { Value } from '../../conditions/reading.js';
import {
  numberValue,
  unknownValue,
  type Measurement,
  type Subject,
} from '../reading/measurement.js';
import type { Probe } from './probe.js';
import { whyNotRead } from './text-file.js';

/** Free space is looked at again by whoever writes; here it only has to be about right. */
const EVERY_MS = 5_000;
/** A file system that takes longer (a dead network mount) is left alone until it answers. */
const STATFS_MS_MAX = 200;
/** Each one that hangs keeps one of the four threads that all file access shares. */
const HANGING_MAX = 2;

/**
 * Asks one file system after another, so that dead ones cost two threads at most. A path that is not
 * there yet is on the file system of the directory in which it would be made.
 * @param paths what is asked about now.
 */
export function diskFreeProbe(paths: () => readonly string[]): Probe {
  const hanging = new Set<string>();

  async function freeAt(path: string): Promise<Value> {
    if (hanging.has(path) || hanging.size >= HANGING_MAX) {
      return unknownValue(`the file system of ${[...hanging].join(', ')} does not answer`);
    }
    hanging.add(path);
    const answer = statfsWhereItIs(path);
    const settle = (): void => {
      hanging.delete(path);
    };
    answer.then(settle, settle);
    try {
      const { bavail, bsize } = await within(answer, STATFS_MS_MAX, `statfs ${path}`);
      return numberValue('disk.free', Number(bavail * bsize));
    } catch (error) {
      return unknownValue(whyNotRead(path, error, 'create it, or leave it out'));
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
      const measurements = [];
      for (const subject of subjectsOf(paths())) {
        const value = await freeAt(subject.instance);
        measurements.push({ ...subject, source: 'statfs', value });
      }
      return measurements;
    },
  };
}

async function statfsWhereItIs(path: string): Promise<{ bavail: bigint; bsize: bigint }> {
  for (let at = path; ; at = dirname(at)) {
    try {
      return await statfs(at, { bigint: true });
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
