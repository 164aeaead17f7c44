// What somebody may have meant who named something that there is not.

import { nearestOf } from '../policy/nearest.js';
import type { World } from '../world/world.js';

/** More names than anybody looks through, and few enough to hold one word against. */
const NAMES_MAX = 2_000;

/** ` Did you mean "npm:json5"?`, or nothing, of the ids of updaters and updates. */
export function didYouMean(word: string, world: Pick<World, 'updaters' | 'updates'>): string {
  const names = new Set(world.updaters.keys());
  for (const { update } of world.updates.values()) {
    if (names.size >= NAMES_MAX) break;
    names.add(update.id);
  }
  if (names.has(word)) return '';
  const near = nearestOf(word, [...names]).map((each) => `"${each}"`);
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}
