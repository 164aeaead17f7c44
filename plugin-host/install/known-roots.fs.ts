// Paths of every install root that was ever changed here, so that what a crash left of one is repaired
// when the plugin-host starts, and not when somebody next asks for it.

import { existsSync, readFileSync } from 'node:fs';
import { writeDurably } from '../../runtime/durable.fs.js';

/** More than all updaters of a machine have; the oldest go first. */
const ROOTS_MAX = 4_096;

export interface KnownRoots {
  readonly paths: readonly string[];
  /** Durable when it resolves. */
  note(path: string): Promise<void>;
}

/** @param file absent: nothing is kept. */
export function openKnownRoots(file: string | undefined): KnownRoots {
  let paths: readonly string[] =
    file !== undefined && existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as string[])
      : [];
  let last: Promise<unknown> = Promise.resolve();
  return {
    get paths() {
      return paths;
    },
    note: async (path) => {
      if (file === undefined || paths.includes(path)) return;
      const mine = last.then(async () => {
        const next = [...paths.filter((each) => each !== path), path].slice(-ROOTS_MAX);
        await writeDurably(file, JSON.stringify(next));
        paths = next;
      });
      last = mine.catch(() => undefined);
      await mine;
    },
  };
}
