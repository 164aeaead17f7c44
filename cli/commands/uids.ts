// The range of user ids for updaters, as an operator writes it: "61000-61183".

import { CommandError } from '../failure.js';
import type { UidRange } from '../../plugin-host/runs/places.fs.js';

/** Below are people and the system's own. */
const UID_MIN = 1_000;
/** Beyond are ids that the kernel gives a meaning of its own. */
const UID_MAX = 4_294_967_293;

/** @throws CommandError in one line. */
export function parseUids(text: string): UidRange {
  const [, first, last] = (/^(\d{1,10})-(\d{1,10})$/.exec(text) ?? []).map(Number);
  if (first !== undefined && last !== undefined) {
    if (first >= UID_MIN && last <= UID_MAX && last > first) return { first, last };
  }
  throw new CommandError(
    `--uids wants two ids such as 61000-61183, from ${String(UID_MIN)} on, with room for the self-test and one updater; "${text}" is none`,
    2,
  );
}
