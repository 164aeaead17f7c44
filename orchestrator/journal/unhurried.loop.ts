// Reading much of a journal for somebody who asks, on a loop on which others must not wait: it may be the one
// that guards a person, or that decides for thousands of machines.
//
// Invariants:
//   U1. After some 2 ms of work everybody else has a turn.
//   U2. After some 10 ms of work there is a rest that is as long: one who asks leaves half of the loop to what
//       it is there for.

import { setImmediate as othersFirst } from 'node:timers/promises';
import { pause } from '../../runtime/deadline.js';
import type { StoredEntry } from './chain.js';
import type { Journal } from './journal.js';

/** Entries, each of some 20 µs where a server sends it. */
const TURN_AFTER = 64;
const REST_AFTER = 512;
const REST_MS = 10;

/** @returns what is to be awaited after so many entries were dealt with. */
export function breather(): (entryCount: number) => Promise<void> {
  let sinceTurn = 0;
  let sinceRest = 0;
  return async (entryCount) => {
    sinceTurn += entryCount;
    sinceRest += entryCount;
    if (sinceRest >= REST_AFTER) {
      [sinceTurn, sinceRest] = [0, 0];
      await pause(REST_MS); // U2
    } else if (sinceTurn >= TURN_AFTER) {
      sinceTurn = 0;
      await othersFirst(); // U1
    }
  };
}

/** The entries of a stretch of a journal, in pieces. It ends early where the journal does. */
export async function* piecesOf(
  journal: Pick<Journal, 'read'>,
  fromSequence: number,
  upTo: number,
): AsyncGenerator<readonly StoredEntry[]> {
  const breathe = breather();
  let next = fromSequence;
  while (next <= upTo) {
    const page = await journal.read(next, Math.min(REST_AFTER, upTo - next + 1));
    if (page.length === 0) return;
    next += page.length;
    for (let at = 0; at < page.length; at += TURN_AFTER) {
      const piece = page.slice(at, at + TURN_AFTER);
      yield piece;
      await breathe(piece.length);
    }
  }
}
