// Who has a place in which group, as anybody said last: what is put back when a key, or the bucket, is deleted.

import type { Semaphore } from './semaphore.js';

/** Groups whose holders are remembered. Those that nobody has a place in are forgotten first. */
const KNOWN_MAX = 1_024;

export interface Read {
  readonly semaphore: Semaphore;
  /** Of the key; 0: it is not there. */
  readonly revision: number;
}

export interface KnownPlaces {
  get(key: string): Read | undefined;
  /** Unless something newer is known. */
  remember(key: string, read: Read): void;
  /** Of a bucket that is gone: in another one revisions begin anew. @returns what was known. */
  takeAll(): ReadonlyMap<string, Read>;
  /** What was taken: there is no other bucket yet. */
  giveBack(lost: ReadonlyMap<string, Read>): void;
}

export function knownPlaces(): KnownPlaces {
  const known = new Map<string, Read>();
  return {
    get: (key) => known.get(key),
    remember: (key, read) => {
      const before = known.get(key);
      if (before !== undefined && before.revision >= read.revision) return; // Heard late.
      known.delete(key);
      known.set(key, read);
      if (known.size <= KNOWN_MAX) return;
      const keys = [...known.keys()];
      const nobodys = keys.find((each) => known.get(each)?.semaphore.holders.length === 0);
      known.delete(nobodys ?? key);
    },
    takeAll: () => {
      const taken = new Map(known);
      known.clear();
      return taken;
    },
    giveBack: (lost) => {
      for (const [key, read] of lost) known.set(key, { ...read, revision: 0 });
    },
  };
}
