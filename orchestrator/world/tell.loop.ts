// Telling those who listen of an entry, after it was folded.
//
// Invariants:
//   V1. What one of them fails at is its own: it is said, the others are told, and whoever tells goes on. So what
//       has to hold is in the fold, and is never left to somebody who listens.

import type { Log } from '../../runtime/log.js';
import type { Entry } from '../journal/chain.js';

export type EntryListener = (entry: Entry) => void;

export function tell(entry: Entry, listeners: Iterable<EntryListener>, log: Log): void {
  for (const listener of listeners) {
    try {
      listener(entry);
    } catch (error) {
      const { sequence, fact } = entry;
      log.error({ err: error, sequence, kind: fact.kind }, 'an entry was folded, and not heard'); // V1
    }
  }
}
