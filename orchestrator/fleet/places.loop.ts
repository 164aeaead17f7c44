// A machine's places in the groups that it shares with others: asked for when it would change something,
// kept while it does, and given back.
//
// Invariants:
//   P1. One thing at a time with each group, so that what is given back is not what was just asked for.
//   P2. A place that is not needed is given back, also one of before this orchestrator led.
//   P3. Whoever is refused asks again after a while, not all in one instant.
//   P4. A place in a group that the machine is not in any more is not needed.
//   P5. Whoever has closed asks for nothing any more, nor gives back: the machine is another one's.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { GroupLock, Place } from '../groups/group-lock.js';
import type { PlaceNeed } from '../scheduler/groups.js';

const AGAIN_MS = 5_000;

export interface Places extends Closeable {
  readonly current: () => ReadonlyMap<string, Place>;
  /** What the machine has to do with its groups now. */
  need(need: PlaceNeed): void;
}

export function keepPlaces(deps: {
  readonly hostId: string;
  /** Names of the groups that it is in. */
  readonly groups: () => readonly string[];
  readonly lock: GroupLock;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  /** A place was got, or refused. */
  readonly onChange: () => void;
}): Places {
  const { hostId, groups, lock, clock, random, log, onChange } = deps;
  const places = new Map<string, Place>();
  /** Given back, or never had: known to be free of us (P2). */
  const free = new Set<string>();
  const busy = new Set<string>();
  let needed: PlaceNeed = 'needs none';
  let cancel: CancelTimer = () => undefined;
  let closed = false;
  const isClosed = (): boolean => closed;
  /** P4. */
  const wantsOf = (group: string): boolean => needed !== 'needs none' && groups().includes(group);

  async function settle(group: string): Promise<void> {
    if (busy.has(group) || closed) return; // P1
    const wants = wantsOf(group);
    if (wants ? places.get(group)?.kind === 'held' : free.has(group)) return;
    busy.add(group);
    try {
      if (wants) {
        const place = await lock.acquire(group, hostId, isClosed); // P5
        free.delete(group);
        places.set(group, place);
        if (place.kind === 'refused') again();
        onChange();
      } else {
        places.delete(group);
        await lock.release(group, hostId, isClosed); // P5
        free.add(group);
      }
    } catch (error) {
      log.warn(
        { err: error, group },
        'the place in a group could not be settled; it is tried again',
      );
      again();
    }
    busy.delete(group);
    if (wants !== wantsOf(group)) void settle(group);
  }

  function settleAll(): void {
    for (const group of new Set([...groups(), ...places.keys()])) void settle(group);
  }

  /** P3. */
  function again(): void {
    cancel();
    cancel = clock.after(AGAIN_MS * (1 + random()), settleAll);
  }

  return {
    current: () => places,
    need: (need) => {
      needed = need;
      settleAll();
    },
    close: () => {
      closed = true;
      cancel();
    },
  };
}
