// Whether what is said in a bucket is not heard any more: it comes through one server, which may be gone while
// the others of its cluster answer, and the library waits for that one for up to a minute.

export interface Unheard {
  /** Everything up to this revision was heard, or is not there any more. */
  heard(revision: number): void;
  /**
   * @param last revision of the bucket, as its leader tells it now.
   * @returns whether one has not been heard for longer than it is on its way.
   */
  misses(last: number, nowMs: number): boolean;
}

export function unheard(onItsWayMs: number): Unheard {
  let heardUpTo = 0;
  /** The revision that is waited for, and since when. */
  let owed = { revision: 0, sinceMs: Number.NEGATIVE_INFINITY };
  return {
    heard: (revision) => {
      heardUpTo = Math.max(heardUpTo, revision);
    },
    misses: (last, nowMs) => {
      if (heardUpTo >= owed.revision) owed = { revision: last, sinceMs: nowMs };
      return heardUpTo < owed.revision && nowMs - owed.sinceMs >= onItsWayMs;
    },
  };
}
