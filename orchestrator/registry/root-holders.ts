// Who has roots when another updater is to be accepted: all that are accepted, and all that were accepted
// a moment ago and are on their way into the journal. Of two that are accepted at one instant the second
// is refused, also where the first is not durable in the end: it can be said again.

import type { Fact } from '../journal/fact.js';
import { copyOf } from '../world/copy.js';
import { foldEnabled, foldSubmitted } from '../world/fold-updater.js';
import type { UpdaterState, World } from '../world/world.js';

/**
 * An updater is here twice while it is being bound to other roots: it has both.
 * @param underWay appended, and not durable yet.
 */
export function rootHolders(world: World, underWay: Iterable<Fact>): readonly UpdaterState[] {
  const holders: UpdaterState[] = [...world.updaters.values()];
  const soon = copyOf(world);
  for (const fact of underWay) {
    // When is of no account here.
    if (fact.kind === 'updater.submitted') foldSubmitted(soon, fact, 0);
    if (fact.kind !== 'updater.enabled') continue;
    foldEnabled(soon, fact, 0);
    const holder = soon.updaters.get(fact.id);
    if (holder !== undefined) holders.push(holder);
  }
  return holders;
}
