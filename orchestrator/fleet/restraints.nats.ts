// What restrains every machine, heard from whichever orchestrator said it: in force before it is in a journal
// (fleet-ledger.nats.ts, A2).

import { subjects } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { canonicalJson } from '../journal/chain.js';
import { hearSaid } from '../link/say.nats.js';
import { RESTRAINTS_MAX } from '../world/entry-log.loop.js';
import type { Restraint } from '../world/restraints.js';
import type { FleetFollower } from './follower.nats.js';

/** Entries that a word of an orchestrator may be later than the last of. */
const LATE_MAX = 256;

export interface HeardRestraints extends Closeable {
  /** Those that the fleet's journal has not said yet. */
  readonly unrecorded: () => Iterable<Restraint>;
}

export function hearRestraints(
  nats: Nats,
  follower: Pick<FleetFollower, 'entries' | 'onEntry'>,
  onRestraint: (restraint: Restraint) => void,
  log: Log,
): HeardRestraints {
  const unrecorded = new Map<string, Restraint>();
  const stopFollowing = follower.onEntry(({ fact }) => unrecorded.delete(canonicalJson(fact)));
  const heard = hearSaid(nats.connection, subjects.restrain, log, (message) => {
    const restraint = message.json<Restraint>();
    const text = canonicalJson(restraint);
    // What comes after its entry would never be let go of: that entry has been, and comes no more.
    if (follower.entries.slice(-LATE_MAX).some(({ fact }) => canonicalJson(fact) === text)) return;
    if (unrecorded.size < RESTRAINTS_MAX) unrecorded.set(text, restraint);
    onRestraint(restraint);
  });
  return {
    unrecorded: () => unrecorded.values(),
    close: () => {
      heard.unsubscribe();
      stopFollowing();
    },
  };
}
